import type { RunTrace } from "../client/client.ts";
import {
  isWait,
  listTraceRows,
  listWork,
  toLastMs,
  type TraceRow,
  type TraceSpan,
} from "../client/trace-rows.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import { createTimeScale, type TimeScale } from "../lib/time-scale.ts";
import type { Paint } from "./voice.ts";

const barColumns = 40;
const nameColumns = 44;

/** Spans below each other as they called each other; `~` stands for time in which nothing was done. */
export function renderTrace(trace: RunTrace, paint: Paint): string {
  const lastMs = toLastMs(trace.spans);
  const work = listWork(trace.spans, lastMs);
  const [first] = trace.spans;
  const startMs = first === undefined ? 0 : toMs(first.start);
  const edges = [startMs, lastMs].map((atMs) => ({ fromMs: atMs, toMs: atMs }));
  const scale = createTimeScale([...work, ...edges], barColumns);
  const rows = listTraceRows(trace.spans);
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

interface Rendering {
  readonly scale: TimeScale;
  readonly lastMs: number;
  readonly paint: Paint;
}

function renderRow({ span, depth }: TraceRow, { scale, lastMs, paint }: Rendering): string {
  const { name, start, end, error } = span;
  const label = `${"  ".repeat(depth)}${toPlainInert(name)}`;
  const shown = label.length > nameColumns ? `${label.slice(0, nameColumns - 1)}…` : label;
  const took = end === null ? "…" : toDuration(toMs(end) - toMs(start));
  const bar = toBar(span, { scale, lastMs });
  const line = `${shown.padEnd(nameColumns)} ${took.padStart(8)} |${bar}|${toNote(span)}`;
  return error ? paint.red(line) : line;
}

function toBar(span: TraceSpan, { scale, lastMs }: Pick<Rendering, "scale" | "lastMs">): string {
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
function toNote({ attributes }: TraceSpan): string {
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
