import type { RunContext } from "../client/client.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import { renderTable } from "./render-table.ts";
import type { Paint } from "./voice.ts";

/** A bar of the whole window. */
const barLength = 20;
/** Texts of a summary are long: the rest is in the run's log. */
const mostCharacters = 2_000;

/** What a model was shown at a step, and what of its window each kind of it took. */
export function renderContext(context: RunContext, { bold, dim }: Paint): string {
  const { id, step, at, snapshot, parent, tokens, counted, parts, dropped, summary } = context;
  const said = (label: string, text: string): string => `  ${label.padEnd(9)} ${text}`;
  return [
    bold(`Context of run ${id} at step ${step}`),
    said("at", at),
    said("snapshot", snapshot),
    said("after", parent ?? "none: it is the first"),
    said("window", toWindow(context)),
    said("tokens", `${tokens.total} as estimated${toCounted(counted)}`),
    "",
    renderTable(listKinds(context).map(([name, count]) => [name, ...toShare(context, count)])),
    "",
    bold("What stood in it"),
    renderTable(parts.map((part) => [part.new ? "+" : " ", ...toRow(part), String(part.tokens)])),
    ...(dropped.length === 0 ? [] : ["", bold("What was left out since the snapshot before")]),
    ...(dropped.length === 0
      ? []
      : [renderTable(dropped.map((each) => [...toRow(each), words(each.why)]))]),
    ...(summary === null ? [] : ["", bold(`In the place of all before step ${summary.upTo}`)]),
    ...(summary === null ? [] : [summary.text, summary.ledger].flatMap(toText).map(dim)),
  ].join("\n");
}

function toWindow({ window, share }: RunContext): string {
  if (window === null || share === null) return "not known: its bundle is gone";
  return `${window} tokens, ${toPercent(share)} taken`;
}

function toCounted(counted: RunContext["counted"]): string {
  if (counted === null) return "; no backend has answered";
  const { backend, input } = counted;
  return `; ${inert(backend)} counted ${input === null ? "nothing" : String(input)}`;
}

function listKinds({ tokens }: RunContext): readonly (readonly [string, number])[] {
  const sources = Object.entries(tokens.sources);
  return [
    ["instructions", tokens.instructions],
    ["skills", tokens.skills],
    ["tools", tokens.tools],
    ...sources.map(([name, count]) => [`source ${name}`, count] as const),
    ["conversation", tokens.conversation],
  ];
}

/** Of the window; where that is not known, of all that was shown. */
function toShare({ window, tokens }: RunContext, count: number): readonly string[] {
  const whole = window ?? Math.max(1, tokens.total);
  const share = count / whole;
  const length = Math.min(barLength, Math.ceil(share * barLength));
  const bar = `|${"#".repeat(length).padEnd(barLength, ".")}|`;
  return [String(count), toPercent(share), bar];
}

const toPercent = (share: number): string => `${(share * 100).toFixed(1)} %`;

type Part = RunContext["parts"][number] | RunContext["dropped"][number];

function toRow({ kind, step, ordinal, name }: Part): readonly string[] {
  return [name === null ? words(kind) : `${words(kind)} ${name}`, `${step}.${ordinal}`];
}

const words = (text: string): string => text.replaceAll("_", " ");

function toText(text: string | null): readonly string[] {
  if (text === null) return [];
  const shown = toPlainInert(text, { lines: true });
  const kept = shown.length <= mostCharacters ? shown : `${shown.slice(0, mostCharacters)}…`;
  return kept.split("\n").map((line) => `  | ${line}`);
}

const inert = (text: string): string => toPlainInert(text);
