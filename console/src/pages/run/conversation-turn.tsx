import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { toBytes, toCount, toMoney } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";
import type {
  InstructionsTurn,
  ModelTurn,
  NoteTurn,
  ResultTurn,
  SaidTurn,
  Turn,
} from "./conversation.ts";
import { KeptText } from "./kept-text.tsx";
import { RunLink } from "./run-head.tsx";
import type { RunSource } from "./run-source.ts";
import { StepLinks } from "./step-links.tsx";
import { TextView } from "./text-view.tsx";

export interface TurnViewProps<T extends Turn> {
  readonly source: RunSource;
  readonly turn: T;
  readonly startMs: number;
}

/** One contribution to the conversation. */
export function TurnView({ source, turn, startMs }: TurnViewProps<Turn>) {
  switch (turn.kind) {
    case "instructions":
      return <InstructionsView source={source} turn={turn} startMs={startMs} />;
    case "said":
      return <SaidView source={source} turn={turn} startMs={startMs} />;
    case "model":
      return <ModelView source={source} turn={turn} startMs={startMs} />;
    case "result":
      return <ResultView source={source} turn={turn} startMs={startMs} />;
    case "note":
      return <NoteView source={source} turn={turn} startMs={startMs} />;
  }
}

interface CardProps {
  readonly who: ReactNode;
  readonly sinceMs: number | null;
  readonly aside?: ReactNode;
  readonly look: string;
  readonly children: ReactNode;
}

function Card({ who, sinceMs, aside, look, children }: CardProps) {
  return (
    <article className={`min-w-0 rounded-lg border bg-surface px-4 py-3 ${look}`}>
      <header className="mb-1.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
        <span className="font-medium text-ink">{who}</span>
        {aside}
        {sinceMs === null ? null : (
          <span className="ml-auto tabular-nums">+{toDuration(Math.max(0, sinceMs))}</span>
        )}
      </header>
      {children}
    </article>
  );
}

function InstructionsView({ source, turn }: TurnViewProps<InstructionsTurn>) {
  const { readInstructions } = source;
  const { data, error } = useQuery({
    queryKey: ["run", source.id, "instructions", turn.bundle],
    queryFn: () => readInstructions?.(turn.bundle) ?? Promise.resolve(null),
    staleTime: Infinity,
  });
  return (
    <Card who="Instructions" sinceMs={null} look="border-line">
      {error !== null ? (
        <p className="text-sm text-danger">{error.message}</p>
      ) : data === undefined ? (
        <div className="h-5 w-2/3 animate-pulse rounded bg-hover" />
      ) : data === null ? (
        <p className="text-sm text-muted">
          {readInstructions === undefined
            ? "The file does not hold them: they are in the agent's bundle."
            : "The bundle that holds them is gone."}
        </p>
      ) : (
        <TextView text={data} label="the instructions" />
      )}
    </Card>
  );
}

const outside = (
  <Badge
    tone="warn"
    title="Text from outside: it tells something, and nothing in it is an instruction."
  >
    from outside
  </Badge>
);

function SaidView({ source, turn, startMs }: TurnViewProps<SaidTurn>) {
  const { who, digest, isOutside, atMs } = turn;
  return (
    <Card
      who={<Inert text={who} />}
      sinceMs={atMs - startMs}
      aside={isOutside ? outside : null}
      look={
        isOutside
          ? "border-line border-l-4 border-l-warn/60"
          : "border-line border-l-4 border-l-ok/60"
      }
    >
      <KeptText source={source} digest={digest}>
        {({ text }) => <TextView text={text} label="what was said" />}
      </KeptText>
    </Card>
  );
}

function ModelView({ source, turn, startMs }: TurnViewProps<ModelTurn>) {
  const { step, backend, stop, digest, tools, ms, tokens, micros, atMs } = turn;
  return (
    <Card
      who={`Model, step ${step}`}
      sinceMs={atMs - startMs}
      look="border-line border-l-4 border-l-accent/70"
      aside={
        <>
          <span>
            <Inert text={backend} />
            {ms === null ? "" : `, ${toDuration(ms)}`}
          </span>
          {tokens.output === null ? null : <span>{toCount(tokens.output)} tokens</span>}
          {tokens.reasoning === null || tokens.reasoning === 0 ? null : (
            <span title="Reasoning is counted and never kept.">
              {toCount(tokens.reasoning)} of them reasoning
            </span>
          )}
          <span>{toMoney(String(micros / 1_000_000))}</span>
          {stop === "ended" || stop === "tool_calls" ? null : <Badge tone="danger">{stop}</Badge>}
        </>
      }
    >
      <KeptText source={source} digest={digest}>
        {({ text, calls }) => (
          <div className="grid gap-2.5">
            {text === "" ? null : <TextView text={text} label="what the model said" />}
            {calls.map(({ args }, ordinal) => (
              <div key={ordinal} className="rounded-md bg-sunken px-3 py-2">
                <p className="mb-1 text-xs text-muted">
                  calls{" "}
                  <code className="font-mono font-medium text-ink">
                    <Inert text={tools[ordinal] ?? "a tool"} />
                  </code>{" "}
                  <span className="tabular-nums">
                    ({step}.{ordinal})
                  </span>
                </p>
                <TextView text={args} label="the arguments" />
              </div>
            ))}
          </div>
        )}
      </KeptText>
      <StepLinks step={step} except="conversation" />
    </Card>
  );
}

function ResultView({ source, turn, startMs }: TurnViewProps<ResultTurn>) {
  const { step, ordinal, tool, outcome, digest, ms, bytes, entry, run, atMs } = turn;
  const isGood = outcome === "answered" || outcome === "completed";
  return (
    <Card
      who={
        <code className="font-mono">
          <Inert text={tool} />
        </code>
      }
      sinceMs={atMs - startMs}
      look={`ml-4 border-line border-l-4 md:ml-8 ${isGood ? "border-l-info/60" : "border-l-danger/70"}`}
      aside={
        <>
          <span className="tabular-nums">
            ({step}.{ordinal})
          </span>
          <Badge tone={isGood ? "neutral" : "danger"}>{outcome.replaceAll("_", " ")}</Badge>
          {outside}
          {ms === null ? null : <span>{toDuration(ms)}</span>}
          {bytes === null ? null : <span>{toBytes(bytes)}</span>}
          {run === null ? null : <RunLink id={run} isLive={source.isLive} />}
          {entry === null || !source.isLive ? null : (
            <Link
              to="/receipts/$id"
              params={{ id: entry }}
              search={{}}
              className="text-accent hover:underline"
            >
              Receipt
            </Link>
          )}
        </>
      }
    >
      <KeptText source={source} digest={digest}>
        {({ text }) => <TextView text={text} label="the result" />}
      </KeptText>
    </Card>
  );
}

function NoteView({ source, turn, startMs }: TurnViewProps<NoteTurn>) {
  const { text, isBad, approval, atMs } = turn;
  return (
    <p
      className={`flex flex-wrap items-baseline gap-x-3 px-4 text-xs ${isBad ? "text-danger" : "text-muted"}`}
    >
      <span className="min-w-0 [overflow-wrap:anywhere]">
        <Inert text={text} />
      </span>
      {approval === null || !source.isLive ? null : (
        <Link
          to="/approvals/$id"
          params={{ id: approval }}
          search={{}}
          className="text-accent hover:underline"
        >
          To the approval
        </Link>
      )}
      <span className="ml-auto text-muted tabular-nums">
        +{toDuration(Math.max(0, atMs - startMs))}
      </span>
    </p>
  );
}
