import type { Drift } from "../../../../src/client/client.ts";
import type { Difference } from "../../../../src/lib/diff-json.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { AcceptDrift } from "./accept-drift.tsx";
import { diffWords, type WordPart } from "./diff-words.ts";
import { readDrift, toSteps } from "./read-drift.ts";
import { gradeTones } from "./server-words.ts";

export interface DriftViewProps {
  readonly drifts: readonly Drift[];
  readonly isPending: boolean;
  readonly error: Error | null;
}

export function DriftView({ drifts, isPending, error }: DriftViewProps) {
  if (error !== null && drifts.length === 0) return <FaultNotice error={error} />;
  if (isPending) return <Skeleton rows={6} />;
  if (drifts.length === 0) {
    return (
      <Empty title="Everything is as it was accepted">
        What a tool says of itself and what it takes is pinned when it is first seen. Once the
        server says something else, the difference stands here; what could harm is blocked until
        somebody accepts it.
      </Empty>
    );
  }
  const sorted = drifts.toSorted((a, b) => worst.indexOf(a.grade) - worst.indexOf(b.grade));
  return sorted.map((drift) => <OneDrift key={drift.tool} drift={drift} />);
}

const worst: readonly Drift["grade"][] = ["dangerous", "breaking", "widening", "cosmetic"];
const kindWords = { added: "new", gone: "gone", changed: "changed" } as const;

function OneDrift({ drift }: { readonly drift: Drift }) {
  const { tool, grade, reasons, pinned, observed } = drift;
  const { kind, differences, more, hidden } = readDrift(drift);
  return (
    <section
      aria-label={`Drift of ${tool}`}
      className="mb-6 min-w-0 rounded-lg border border-line bg-surface"
    >
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
        <h2 className="min-w-0 font-mono text-sm font-semibold">
          <Inert text={tool} />
        </h2>
        <Badge tone={gradeTones[grade]}>{grade}</Badge>
        <Badge tone="neutral">{kindWords[kind]}</Badge>
        {hidden > 0 ? <Badge tone="danger">{hidden} hidden or look-alike</Badge> : null}
        <div className="ml-auto">
          <AcceptDrift drift={drift} />
        </div>
      </div>
      <div className="min-w-0 p-4">
        <ul className="mb-4 grid gap-1 text-sm">
          {reasons.map((reason) => (
            <li key={reason} className="flex gap-2">
              <span aria-hidden className="text-muted">
                ·
              </span>
              <span>
                <Inert text={reason} />
              </span>
            </li>
          ))}
        </ul>
        <p className="mb-4 flex flex-wrap items-center gap-2 text-xs text-muted">
          {pinned === null ? "nothing was pinned" : <Copy text={pinned} label="pinned digest" />}
          <span aria-hidden>→</span>
          {observed === null ? "gone" : <Copy text={observed} label="observed digest" />}
        </p>
        <ol className="grid gap-3">
          {differences.map((difference) => (
            <li key={`${difference.kind}${difference.pointer}`} className="min-w-0">
              <p className="mb-1 font-mono text-xs text-muted">
                <Place pointer={difference.pointer} />{" "}
                <span className="font-sans">({difference.kind})</span>
              </p>
              <Change difference={difference} />
            </li>
          ))}
        </ol>
        {more ? (
          <p className="mt-3 text-sm text-warn">There are more differences than are shown here.</p>
        ) : null}
      </div>
    </section>
  );
}

function Place({ pointer }: { readonly pointer: string }) {
  return toSteps(pointer).map((step, index) => (
    <span key={index}>
      {index === 0 ? null : " › "}
      <Inert text={step} />
    </span>
  ));
}

/** Texts word by word; everything else as JSON, before and after. */
function Change({ difference: { before, after } }: { readonly difference: Difference }) {
  if (typeof before === "string" && typeof after === "string") {
    return (
      <p className="max-w-full rounded-md border border-line bg-sunken px-3 py-2 text-sm whitespace-pre-wrap wrap-anywhere">
        {diffWords(before, after).map((part, index) => (
          <Word key={index} part={part} />
        ))}
      </p>
    );
  }
  return (
    <div className="overflow-hidden rounded-md border border-line">
      {before === undefined ? null : <Side sign="−" value={before} />}
      {after === undefined ? null : <Side sign="+" value={after} />}
    </div>
  );
}

function Word({ part: { kind, text } }: { readonly part: WordPart }) {
  if (kind === "same") return <Inert text={text} lines />;
  if (kind === "removed")
    return (
      <del className="rounded-sm bg-danger-soft text-danger decoration-danger/60">
        <Inert text={text} lines />
      </del>
    );
  return (
    <ins className="rounded-sm bg-ok-soft text-ok no-underline">
      <Inert text={text} lines />
    </ins>
  );
}

function Side({ sign, value }: { readonly sign: "−" | "+"; readonly value: unknown }) {
  const isText = typeof value === "string";
  const text = isText ? value : JSON.stringify(value, null, 2);
  return (
    <div
      className={`flex gap-2 px-3 py-2 ${sign === "+" ? "bg-ok-soft text-ok" : "bg-danger-soft text-danger"}`}
    >
      <span className="font-mono text-xs select-none">
        <span aria-hidden>{sign}</span>
        <span className="sr-only">{sign === "+" ? "now" : "before"}</span>
      </span>
      <span className={`min-w-0 ${isText ? "text-sm" : "font-mono text-xs"}`}>
        <Inert text={text} lines escapes={!isText} />
      </span>
    </div>
  );
}
