import type { RunTrace } from "../client/client.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import { createTimeScale, type Interval, type TimeScale } from "./time-scale.ts";
import type { Paint } from "./voice.ts";

type Span = RunTrace["spans"][number];

const barColumns = 40;
const nameColumns = 44;

interface Row {
  readonly span: Span;
  readonly depth: number;
}

/** Spans below each other as they called each other; `~` stands for time in which nothing was done. */
export function renderTrace(trace: RunTrace, paint: Paint): string {
  const lastMs = Math.max(...trace.spans.map((span) => toMs(span.end ?? span.start)));
  const waits = new Set(trace.spans.filter(isWait).map(({ parent }) => parent));
  const work = trace.spans.flatMap((span) => toWork(span, { lastMs, waits }));
  const [first] = trace.spans;
  const startMs = first === undefined ? 0 : toMs(first.start);
  const edges = [startMs, lastMs].map((atMs) => ({ fromMs: atMs, toMs: atMs }));
  const scale = createTimeScale([...work, ...edges], barColumns);
  const rows = listRows(trace.spans);
  return [
    paint.bold(`Trace ${trace.trace} of run ${trace.id}`),
    ...rows.map((row) => renderRow(row, { scale, lastMs, paint })),
    ...(scale.idle.length === 0 ? [] : [paint.dim("~ stands for time in which nothing was done.")]),
    ...(trace.cut
      ? [
          paint.yellow(
            "It is too long to be shown whole, and what came last is missing; or a sub-agent cannot be read.",
          ),
        ]
      : []),
  ].join("\n");
}

const toMs = (time: string): number => Date.parse(time);
const isWait = ({ attributes }: Span): boolean => "countersign.wait" in attributes;

interface Working {
  readonly lastMs: number;
  /** Spans that waited for something. */
  readonly waits: ReadonlySet<string | null>;
}

/** When somebody worked: a model or a tool, and a call that had waited only at its end. */
function toWork(
  { id, start, end, attributes }: Span,
  { lastMs, waits }: Working,
): readonly Interval[] {
  const kind = attributes["openinference.span.kind"];
  const effect = attributes["countersign.effect"];
  const toAtMs = end === null ? lastMs : toMs(end);
  if (kind !== "LLM" && kind !== "TOOL") return [];
  // What a sub-agent does has spans of its own, and who waits does nothing.
  if (effect === "agent" || effect === "wait") return [];
  if (!waits.has(id)) return [{ fromMs: toMs(start), toMs: toAtMs }];
  const activeMs = attributes["countersign.active_ms"];
  return typeof activeMs === "number" ? [{ fromMs: toAtMs - activeMs, toMs: toAtMs }] : [];
}

function listRows(spans: readonly Span[]): readonly Row[] {
  const known = new Set(spans.map(({ id }) => id));
  const below = new Map<string | null, Span[]>();
  for (const span of spans) {
    const parent = span.parent !== null && known.has(span.parent) ? span.parent : null;
    below.set(parent, [...(below.get(parent) ?? []), span]);
  }
  const list = (parent: string | null, depth: number): readonly Row[] =>
    (below.get(parent) ?? []).flatMap((span) => [{ span, depth }, ...list(span.id, depth + 1)]);
  return list(null, 0);
}

interface Rendering {
  readonly scale: TimeScale;
  readonly lastMs: number;
  readonly paint: Paint;
}

function renderRow({ span, depth }: Row, { scale, lastMs, paint }: Rendering): string {
  const { name, start, end, error } = span;
  const label = `${"  ".repeat(depth)}${toPlainInert(name)}`;
  const shown = label.length > nameColumns ? `${label.slice(0, nameColumns - 1)}…` : label;
  const took = end === null ? "…" : toDuration(toMs(end) - toMs(start));
  const bar = toBar(span, { scale, lastMs });
  const line = `${shown.padEnd(nameColumns)} ${took.padStart(8)} |${bar}|${toNote(span)}`;
  return error ? paint.red(line) : line;
}

function toBar(span: Span, { scale, lastMs }: Pick<Rendering, "scale" | "lastMs">): string {
  const { start, end } = span;
  const from = Math.min(scale.width - 1, Math.floor(scale.toColumn(toMs(start)) + 1e-9));
  const to = scale.toColumn(end === null ? lastMs : toMs(end));
  const until = Math.max(from + 1, Math.ceil(to - 1e-9));
  const mark = isWait(span) ? "." : "#";
  return Array.from({ length: scale.width }, (_, at) => {
    const isIn = at >= from && at < until;
    if (scale.idle.includes(at)) return "~";
    return isIn ? mark : " ";
  }).join("");
}

/** What a trace is looked at for first: how it ended, and what it cost. */
function toNote({ attributes }: Span): string {
  const names = ["error.type", "countersign.decision", "gen_ai.usage.cost"] as const;
  const said = names.flatMap((name) => {
    const value = attributes[name];
    return value === undefined ? [] : toPlainInert(String(value));
  });
  return said.length === 0 ? "" : ` ${said.join(" ")}`;
}

function toDuration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
