import { Link } from "@tanstack/react-router";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Time } from "../../ui/time.tsx";
import type { StoryLine, StoryStep } from "./to-story.ts";

/** What happened in a call, from the question to the record. */
export function Story({ steps }: { readonly steps: readonly StoryStep[] }) {
  return (
    <ol className="grid gap-5">
      {steps.map(({ title, tone, atMs, lines }, index) => (
        <li key={`${title} ${index}`} className="min-w-0 border-l-2 border-line pl-4">
          <div className="flex flex-wrap items-center gap-2">
            <Badge tone={tone}>{title}</Badge>
            {atMs === null ? null : (
              <span className="text-xs text-muted">
                <Time at={atMs} />
              </span>
            )}
          </div>
          <dl className="mt-2 grid grid-cols-[5.5rem_minmax(0,1fr)] gap-x-3 gap-y-1 text-sm">
            {lines.map((line) => (
              <div key={line.name} className="contents">
                <dt
                  className={
                    line.look === "code" ? "col-span-2 text-muted sm:col-span-1" : "text-muted"
                  }
                >
                  {line.name}
                </dt>
                <dd
                  className={`min-w-0 break-words ${line.look === "code" ? "col-span-2 sm:col-span-1" : ""}`}
                >
                  <Shown {...line} />
                </dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ol>
  );
}

function Shown({ name, text, look }: StoryLine) {
  if (look === "digest") return <Copy text={text} label={`digest of the ${name}`} />;
  if (look === "code")
    return (
      <pre
        tabIndex={0}
        role="region"
        aria-label={name}
        className="max-h-80 overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs whitespace-pre-wrap"
      >
        <Inert text={text} lines escapes />
      </pre>
    );
  if (look === "run" || look === "approval")
    return (
      <Link
        to={look === "run" ? `/runs/${text}` : `/approvals/${text}`}
        className="font-mono text-xs text-accent underline"
      >
        {text}
      </Link>
    );
  return <Inert text={text} />;
}
