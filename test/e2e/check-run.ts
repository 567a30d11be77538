import { expect } from "vitest";
import { runEventSchema, type RunEvent } from "../../src/model/run-event.ts";
import { fold } from "../../src/run/fold.ts";
import type { RunView } from "../../src/run/view.ts";
import { isAsked, kinds, pair, type Kind } from "./run-document.ts";
import { insist, type RunScene } from "./run-scene.ts";

export interface Asked {
  readonly id: string;
  /** `both`: an agent that has two others pay. */
  readonly kind: Kind | "both";
}

interface ShownRun {
  readonly id: string;
  readonly state: string;
  readonly head: number;
  readonly output: string | null;
  readonly reason: { readonly code: string; readonly detail: string } | null;
  readonly calls: readonly { readonly tool: string; readonly state: string }[];
  readonly children: readonly string[];
}

interface Page {
  readonly events: readonly { readonly seq: number; readonly event: unknown }[];
  readonly next: number | null;
}

/** What all runs came to, by what was found of each. */
export interface Findings {
  readonly counts: Record<string, number>;
  /** Payments that a run of ours asked for. */
  readonly payments: Set<string>;
  /** Entries of intents and outcomes that runs name. */
  readonly entries: Set<string>;
}

const isOk = (status: number) => status === 200;

/** That it has ended as it may, with each effect as often on disk as its log says. */
export async function checkRun(
  scene: RunScene,
  asked: Asked,
  found: Findings,
): Promise<readonly RunEvent[]> {
  const run = await readRun(scene, asked.id);
  const events = await checkEvents(scene, run, found);
  const lines = await Promise.all(events.map((event) => toLine(scene, run, event)));
  const label = `${asked.kind} ${JSON.stringify(run)}\n${lines.join("\n")}`;
  count(found, `${asked.kind} ${run.state}`);
  if (asked.kind !== "both") {
    const isLate = lines.some((line) => line.includes(tookTooLong));
    checkPayments(scene, { run, kind: asked.kind, isLate, label }, found);
    return events;
  }
  // They are started side by side, in no order.
  const children = await Promise.all(run.children.map((id) => readRun(scene, id)));
  for (const { id, output } of children)
    await checkRun(scene, { id, kind: readTicket(output).kind as Kind }, found);
  const said = children.map(({ output }) => readTicket(output).kind);
  expect.soft(said.toSorted(), label).toEqual(pair.toSorted());
  const areDone = children.every(({ state }) => state === "completed");
  expect.soft(run.state, label).toBe(areDone ? "completed" : "partial");
  return events;
}

/** For whoever reads why it is wrong. */
async function toLine(scene: RunScene, { id }: ShownRun, event: RunEvent): Promise<string> {
  const { type, atMs, ...rest } = event;
  const line = `${new Date(atMs).toISOString()} ${type} ${JSON.stringify(rest)}`;
  if (event.type !== "call.ended" || event.outcome === "answered") return line;
  const where = `/v1/runs/${id}/contents/${event.result}`;
  return `${line} ${String((await insist(scene, isOk, "caller", where))["text"])}`;
}

export async function readRun(scene: RunScene, id: string): Promise<ShownRun> {
  return (await insist(scene, isOk, "caller", `/v1/runs/${id}`)) as unknown as ShownRun;
}

/** What it was given, in its last words. */
function readTicket(output: string | null): { readonly ticket: string; readonly kind: string } {
  const said = /^Paid for (?<ticket>t\d+-(?<kind>[a-z]+))$/.exec(output ?? "")?.groups;
  return { ticket: said?.["ticket"] ?? "", kind: said?.["kind"] ?? "" };
}

interface Paid {
  readonly run: ShownRun;
  readonly kind: Kind;
  /** Whether a tool's own time was over, as it may be where this machine is slow, or a freeze short. */
  readonly isLate: boolean;
  readonly label: string;
}

const tookTooLong = "The call took longer than it may.";

function checkPayments(scene: RunScene, paid: Paid, found: Findings): void {
  const { run, kind, isLate, label } = paid;
  const { ticket, kind: said } = readTicket(run.output);
  expect(Object.keys(kinds), label).toContain(said);
  expect(said, label).toBe(kind);
  const calls = run.calls.filter(({ tool }) => tool.startsWith("bank__pay"));
  const isInDoubt = calls.some(({ state }) => state === "unknown");
  expect.soft(run.state, label).toBe(isInDoubt ? "partial" : "completed");
  expect(calls, label).toHaveLength(kinds[kind].length);
  for (const [index, { tool }] of kinds[kind].entries()) {
    const payment = `${ticket}-${index + 1}`;
    found.payments.add(payment);
    const times = scene.server.paid().filter((each) => each.payment === payment).length;
    const { state } = calls[index]!;
    count(found, `${tool} ${state} ${times}`);
    const isDenied = isAsked(kind, index) && isToBeDenied(payment);
    // Whoever dies during a keyed call leaves no doubt: it is sent again with the same key.
    const mayBeUnknown = tool === "pay" || isLate;
    if (mayBeUnknown && state === "unknown") expect(times, label).toBeLessThanOrEqual(1);
    else expect.soft([state, times], label).toEqual(isDenied ? ["denied", 0] : ["done", 1]);
  }
}

/** A person says no to some of them. */
export function isToBeDenied(payment: string): boolean {
  return Number(/^t(?<ticket>\d+)/.exec(payment)?.groups?.["ticket"]) % 4 === 0;
}

/** I6: one after the other without a gap, and what they add up to is what is shown. */
async function checkEvents(scene: RunScene, run: ShownRun, found: Findings) {
  const events: RunEvent[] = [];
  let view: RunView | null = null;
  for (let next: number | null = 0; next !== null;) {
    const where = `/v1/runs/${run.id}/events?after=${next}&limit=500`;
    const page = (await insist(scene, isOk, "caller", where)) as unknown as Page;
    for (const each of page.events) {
      const event = runEventSchema.parse(each.event);
      events.push(event);
      expect(each.seq, run.id).toBe(events.length);
      view = fold(view, event);
      if (event.type === "call.ended" && event.entry !== null) found.entries.add(event.entry);
      if (event.type === "call.started") found.entries.add(event.entry);
    }
    ({ next } = page);
  }
  expect([events.length, view?.state], run.id).toEqual([run.head, run.state]);
  return events;
}

function count({ counts }: Findings, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}
