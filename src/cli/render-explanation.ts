import type { RunExplanation } from "../client/client.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import { count } from "./render-changes.ts";
import { renderTable } from "./render-table.ts";
import type { Paint } from "./voice.ts";

type Layer = RunExplanation["identity" | "admission" | "state" | "execution" | "delivery"];
type Row = readonly string[];
type Failure = Layer["failure"];

/** A run from the outside in, for somebody who was woken because of it. */
export function renderExplanation(explanation: RunExplanation, paint: Paint): string {
  const { id, trace, head, cut, identity, admission, state, execution, delivery } = explanation;
  const { bold, yellow } = paint;
  const layers: readonly (readonly [string, Layer, readonly Row[]])[] = [
    ["Who asked", identity, listIdentity(identity)],
    ["Admission", admission, listAdmission(admission)],
    ["State", state, listState(state)],
    ["Execution", execution, listExecution(execution)],
    ["Delivery", delivery, listDelivery(delivery)],
  ];
  return [
    bold(`Run ${id} from the outside in`),
    `  trace ${trace}, as of event ${head}`,
    ...(cut ? [yellow("  It is too long to be read whole: of each list the last are shown.")] : []),
    ...layers.flatMap(([title, layer, rows]) => [
      "",
      ...renderLayer(title, layer, { rows, paint }),
    ]),
  ].join("\n");
}

function renderLayer(
  title: string,
  { at, failure, unrecorded }: Layer,
  { rows, paint }: { readonly rows: readonly Row[]; readonly paint: Paint },
): readonly string[] {
  const { bold, dim, red } = paint;
  const said = toFailure(failure);
  return [
    `${bold(title)}  ${dim(at ?? "not yet")}${said === null ? "" : `  ${red(said)}`}`,
    renderTable(rows),
    ...unrecorded.map((each) => dim(`  not recorded: ${inert(each)}`)),
  ];
}

/** Null: nothing failed there. */
function toFailure(failure: Failure): string | null {
  if (failure.class === "none") return null;
  const code = inert(failure.code ?? "no code");
  return failure.class === null
    ? `failed: ${code}, a code that this version does not know`
    : `failed: ${failure.class} (${code})`;
}

function listIdentity(given: RunExplanation["identity"]): readonly Row[] {
  const { kind, subject, roles, agent, bundle, parent, forkOf, deadline } = given;
  return [
    ["for", `${kind} ${subject}`],
    ["roles", roles.join(", ") || "none"],
    ["agent", agent],
    ["bundle", bundle],
    ...(parent === null
      ? []
      : [["called by", `run ${parent.run}, call ${parent.step}.${parent.ordinal}`]]),
    ...(forkOf === null ? [] : [["fork of", `run ${forkOf.run}, step ${forkOf.step}`]]),
    ["deadline", deadline === null ? "none" : toDeadline(deadline)],
  ];
}

type Deadline = NonNullable<RunExplanation["identity"]["deadline"]>;

function toDeadline({ at, leftAtStartMs, leftMs, moved }: Deadline): string {
  const left = leftMs < 0 ? `over by ${toDuration(-leftMs)}` : `${toDuration(leftMs)} left`;
  return `${at}, ${toDuration(leftAtStartMs)} at its start, ${left}${moved ? ", moved since" : ""}`;
}

function listAdmission(given: RunExplanation["admission"]): readonly Row[] {
  const { asked, started, queuedMs, waits, taken, lost } = given;
  return [
    ["asked", asked],
    ["first taken", started ?? "by no worker yet"],
    ["queued", queuedMs === null ? "until now" : toDuration(queuedMs)],
    ["taken", `${count(taken, "time")} by workers`],
    ...lost.map((at) => ["worker lost", `${at}, while the model was asked`]),
    ...waits.map(({ for: what, from, until }) => [
      what === "resume" ? "rested" : `waited`,
      `${from}  ${toPause(from, until)}${what === "resume" ? "" : ` for ${article[what]}`}`,
    ]),
  ];
}

const article = {
  approval: "a person",
  timer: "a time",
  signal: "a signal",
  run: "a sub-agent",
  credential: "a credential",
} as const;

function toPause(from: string, until: string | null): string {
  return until === null ? "until now" : toDuration(Date.parse(until) - Date.parse(from));
}

function listState(given: RunExplanation["state"]): readonly Row[] {
  const { state, seq, event, by, detail, paused, resumed, stopped } = given;
  return [
    ["state", state],
    ["by event", `${seq} ${event}${by === null ? "" : ` of ${by}`}`],
    ...(detail === null || detail === "" ? [] : [["said", detail]]),
    ["before", `paused ${paused}, stopped ${stopped}, resumed ${resumed}`],
  ];
}

function listExecution(given: RunExplanation["execution"]): readonly Row[] {
  const { steps, maxSteps, model, calls, children, slowest, denials, asks } = given;
  const { asked, answered, failed, compactions } = model;
  const place = ({ step, ordinal }: { readonly step: number; readonly ordinal: number | null }) =>
    ordinal === null ? `step ${step}` : `${step}.${ordinal}`;
  return [
    ["steps", `${steps} of ${maxSteps}`],
    [
      "model",
      `asked ${asked}, answered ${answered}, failed ${failed.length}, compacted ${compactions}`,
    ],
    ["ended", toCounts(calls)],
    ["sub-agents", toCounts(children)],
    ...failed.map(({ step, at, failure }) => [
      "model failed",
      `${at}  step ${step}: ${toFailure(failure) ?? "none"}`,
    ]),
    ...slowest.map((each) => ["slow", `${toDuration(each.ms)}  ${each.name} (${place(each)})`]),
    ...denials.map((each) => [
      "denied",
      `${each.at}  ${each.tool} (${place(each)}), ${each.rule === null ? "rule not told" : `rule ${each.rule}`}`,
    ]),
    ...asks.map((each) => [
      "asked",
      `${each.at}  ${each.tool} (${place(each)}), ${each.outcome ?? "not decided"}${each.decided === null ? "" : ` after ${toPause(each.at, each.decided)}`}`,
    ]),
    ...given.unknown.map((each) => ["nobody knows", `${each.tool} (${place(each)})`]),
    ...given.open.map((each) => ["under way", `${each.tool} (${place(each)})`]),
    ...listBudget(given.budget),
  ];
}

function toCounts(counts: Readonly<Record<string, number>>): string {
  const said = Object.entries(counts).filter(([, times]) => times > 0);
  return said.map(([word, times]) => `${words(word)} ${times}`).join(", ") || "none";
}

function listBudget({ caps, spent, held }: RunExplanation["execution"]["budget"]): readonly Row[] {
  return (["money", "tokens", "calls"] as const).map((kind) => [
    kind,
    `${spent[kind]} of ${caps[kind] ?? "any"}, ${held[kind]} held`,
  ]);
}

function listDelivery({ ready, announced }: RunExplanation["delivery"]): readonly Row[] {
  return [
    ["output", ready === null ? "none" : `ready at ${ready.at}, event ${ready.seq}`],
    ...announced.map(({ id, type, at }) => ["webhooks", `${type} of ${at}, as ${id}`]),
  ];
}

const words = (text: string): string => text.replaceAll("_", " ");

function toDuration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

const inert = (text: string): string => toPlainInert(text);
