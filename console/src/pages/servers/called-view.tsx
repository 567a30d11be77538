import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { toDuration } from "../../words/to-duration.ts";
import { readCalled, type Tried } from "./read-called.ts";

/** More of a text than anybody reads here; the receipt has all of it. */
const mostShown = 20_000;

/** What came of a call. Whatever the tool said is text and nothing else. */
export function CalledView({ tried: { called, tookMs } }: { readonly tried: Tried }) {
  const { title, tone, rule, approval, texts } = readCalled(called);
  const entry = called.entry ?? null;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: "nearest" });
  }, [called]);
  return (
    <div ref={box} role="status" className="min-w-0 rounded-lg border border-line">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-2 text-sm">
        <Badge tone={tone}>{called.outcome.replaceAll("_", " ")}</Badge>
        <span className="font-medium">{title}</span>
        {rule === null ? null : (
          <span>
            by rule{" "}
            <Link
              to="/policies"
              search={{ rule }}
              className="font-mono text-xs text-accent underline"
            >
              {rule}
            </Link>
          </span>
        )}
        <span className="ml-auto flex gap-3 text-xs text-muted tabular-nums">
          <span title="From here to the gate and back.">{toDuration(tookMs)}</span>
          {entry === null ? null : (
            <Link to="/receipts/$id" params={{ id: entry }} className="text-accent underline">
              Receipt
            </Link>
          )}
        </span>
      </div>
      <div className="grid gap-3 p-3">
        {approval === null ? null : (
          <p className="text-sm">
            <Link
              to="/approvals/$id"
              params={{ id: approval }}
              className="font-medium text-accent underline"
            >
              Open the approval
            </Link>
            ; once it is given, the same call goes through.
          </p>
        )}
        {texts.map((text, index) => (
          <pre
            key={index}
            tabIndex={0}
            aria-label="What came back"
            className="max-h-96 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs whitespace-pre-wrap"
          >
            <Inert text={text.slice(0, mostShown)} lines />
            {text.length > mostShown ? "\n… and more" : ""}
          </pre>
        ))}
        <details>
          <summary className="text-xs text-muted hover:text-ink">All of it as JSON</summary>
          <pre
            tabIndex={0}
            aria-label="The result as JSON"
            className="mt-2 max-h-96 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs"
          >
            <Inert
              text={(JSON.stringify(called.result, null, 2) ?? "null").slice(0, mostShown)}
              lines
              escapes
            />
          </pre>
        </details>
      </div>
    </div>
  );
}
