import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { CloseButton } from "../../ui/side-panel.tsx";
import { toDuration } from "../../words/to-duration.ts";
import { toExact } from "../../words/to-exact.ts";
import { listSpanFacts } from "./span-facts.ts";
import { toFailureWord, toSpanLabel } from "./span-label.ts";
import { kindLooks } from "./waterfall-row.tsx";
import type { WaterfallRow } from "./waterfall.ts";

export interface SpanPanelProps {
  readonly row: WaterfallRow;
  readonly startMs: number;
  /** Of the page; a sub-agent's spans have another. */
  readonly run: string;
  readonly isLive: boolean;
  readonly onClose: (() => void) | null;
}

/** Everything that is known of one span, and where to go on from it. */
export function SpanPanel({ row, startMs, run, isLive, onClose }: SpanPanelProps) {
  const { span, kind, fromMs, toMs } = row;
  const facts = [
    {
      name: "took",
      value: span.end === null ? `${toDuration(toMs - fromMs)}, so far` : toDuration(toMs - fromMs),
    },
    { name: "began", value: `${toDuration(fromMs - startMs)} after the run` },
    { name: "at", value: toExact(fromMs) },
    ...listSpanFacts(span),
  ];
  return (
    <div className="p-4">
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 flex-1 text-sm font-semibold break-words">
          <Inert text={toSpanLabel(span)} />
        </h2>
        {span.error ? (
          <Badge tone="danger">{toFailureWord(span)}</Badge>
        ) : (
          <Badge tone="neutral">{kindLooks[kind].word}</Badge>
        )}
        {onClose === null ? null : <CloseButton onClose={onClose} />}
      </div>
      <SpanLinks row={row} run={run} isLive={isLive} />
      <div className="mt-3">
        <Facts facts={facts.map(({ name, value }) => ({ name, value: <Inert text={value} /> }))} />
      </div>
      <Attributes row={row} />
    </div>
  );
}

function SpanLinks({ row, run, isLive }: Pick<SpanPanelProps, "row" | "run" | "isLive">) {
  const { attributes, run: of } = row.span;
  const entry = attributes["countersign.entry"];
  const approval = attributes["countersign.approval"];
  const child = attributes["countersign.child"];
  const step = attributes["countersign.step"];
  const isOwn = of === run;
  const toTab = (tab: string) => ({ tab, step: Number(step) });
  return (
    <div className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm">
      {step === undefined || (!isOwn && !isLive) ? null : (
        <>
          <Way to={isOwn ? null : of} search={toTab("conversation")}>
            Conversation
          </Way>
          <Way to={isOwn ? null : of} search={toTab("why")}>
            Why
          </Way>
        </>
      )}
      {isLive && typeof entry === "string" ? (
        <Link to="/receipts/$id" params={{ id: entry }} search={{}} className={look}>
          Receipt
        </Link>
      ) : null}
      {isLive && typeof approval === "string" ? (
        <Link to="/approvals/$id" params={{ id: approval }} search={{}} className={look}>
          Approval
        </Link>
      ) : null}
      {isLive && typeof child === "string" ? (
        <Way to={child} search={{}}>
          Its run
        </Way>
      ) : null}
    </div>
  );
}

const look = "text-accent hover:underline";

/** To a view of a run; null: of the one that is shown. */
function Way(props: {
  readonly to: string | null;
  readonly search: Readonly<Record<string, unknown>>;
  readonly children: ReactNode;
}) {
  const { to, search, children } = props;
  if (to === null)
    return (
      <Link to="." search={search} className={look}>
        {children}
      </Link>
    );
  return (
    <Link to="/runs/$id" params={{ id: to }} search={search} className={look}>
      {children}
    </Link>
  );
}

function Attributes({ row: { span } }: Pick<SpanPanelProps, "row">) {
  return (
    <details className="mt-4 text-xs">
      <summary className="text-muted hover:text-ink">All attributes</summary>
      <dl className="mt-2 grid gap-2 font-mono">
        <div>
          <dt className="text-muted">span</dt>
          <dd>
            <Copy text={span.id} label="span's id" />
          </dd>
        </div>
        {Object.entries(span.attributes).map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-muted">
              <Inert text={name} />
            </dt>
            <dd className="break-all">
              <Inert text={typeof value === "object" ? value.join(", ") : String(value)} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
