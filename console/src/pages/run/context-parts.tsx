import { useState } from "react";
import type { RunContext } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { toCount } from "../../words/to-amount.ts";
import { DigestText } from "./digest-text.tsx";
import type { RunSource } from "./run-source.ts";

export interface ContextPartsProps {
  readonly source: RunSource;
  readonly context: RunContext;
}

/** A page of a table that nobody reads to its end. */
const partsAtOnce = 100;

/** What stood in the window, in its order. A text is read when its part is opened. */
export function ContextParts({ source, context: { parts, step } }: ContextPartsProps) {
  const [shown, setShown] = useState(partsAtOnce);
  const left = parts.length - shown;
  // What came last is what the step was about.
  const rows = parts.slice(Math.max(0, left));
  const isNew = parts.filter((part) => part.new).length;
  return (
    <Section
      title="What stood in it"
      aside={`${parts.length} ${parts.length === 1 ? "part" : "parts"}, ${isNew} new`}
    >
      {left > 0 ? (
        <button
          type="button"
          className="mb-2 text-sm text-accent hover:underline"
          onClick={() => setShown(shown + partsAtOnce)}
        >
          {Math.min(left, partsAtOnce)} parts before these, of {left}
        </button>
      ) : null}
      <ol className="divide-y divide-line">
        {rows.map((part) => (
          <Part
            key={`${step} ${part.kind} ${part.step}.${part.ordinal} ${part.digest}`}
            source={source}
            part={part}
          />
        ))}
      </ol>
    </Section>
  );
}

type PartOf = RunContext["parts"][number];

function Part({ source, part }: { readonly source: RunSource; readonly part: PartOf }) {
  const [isOpen, setOpen] = useState(false);
  const { kind, name, step, ordinal, tokens, digest } = part;
  return (
    <li>
      <details
        open={isOpen}
        onToggle={(event) => setOpen(event.currentTarget.open)}
        className="group"
      >
        <summary className="flex items-center gap-3 rounded py-1.5 text-sm hover:bg-hover">
          <span aria-hidden className="w-3 text-muted group-open:rotate-90">
            ›
          </span>
          <span className="min-w-0 flex-1 truncate">
            {kind.replaceAll("_", " ")}
            {name === null ? null : (
              <>
                {" "}
                <Inert text={name} />
              </>
            )}
          </span>
          {part.new ? <Badge tone="accent">new</Badge> : null}
          <span className="w-14 text-right text-xs text-muted tabular-nums">
            {step}.{ordinal}
          </span>
          <span className="w-16 text-right tabular-nums">
            {toCount(tokens)}
            <span className="sr-only"> tokens</span>
          </span>
        </summary>
        {isOpen ? (
          <div className="py-2 pl-6">
            <DigestText source={source} digest={digest} />
          </div>
        ) : null}
      </details>
    </li>
  );
}
