import {
  Fault,
  toDigest,
  toUuidV7,
  type ApprovalId,
  type EntryId,
  type RunId,
} from "../../src/model/index.ts";
import { outcomeKey } from "../../src/mcp/own-outcome.ts";
import { toRunLetterBytes } from "../../src/model/run-letter.ts";
import type { Gate, GateAnswer, GateRequest } from "../../src/ports/gate.ts";
import type { Store } from "../../src/ports/store.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Random } from "../../src/ports/random.ts";
import type { RunDesk } from "../../src/ports/run-desk.ts";
import { tenant } from "./tenant.ts";

/** The tools' own disks: they outlive every worker, and count what was really done. */
export interface Disk {
  /** By the key that the tool was sent: how often it was asked, and how often it did something. */
  readonly effects: Map<string, number>;
  readonly asked: Map<string, number>;
  readonly approvals: Map<string, AskedApproval>;
  /** By the model's fault: how often it came. */
  readonly faults: Map<string, number>;
}

export interface AskedApproval {
  readonly id: ApprovalId;
  readonly expiresAtMs: number;
  state: "pending" | "approved" | "denied";
  /** Nobody will ever decide. */
  readonly isForgotten: boolean;
}

export function createDisk(): Disk {
  return { effects: new Map(), asked: new Map(), approvals: new Map(), faults: new Map() };
}

export interface SimulatedGateOptions {
  readonly store: Store;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly desk: () => RunDesk;
  /** Whether the tools do one key once. */
  readonly isKeyed: boolean;
  /** Whether an answer of this tool gets lost on its way. */
  readonly isLost?: (tool: string) => boolean;
  /** Between its parts a process may die. */
  readonly breathe: () => Promise<void>;
}

const callMs = 60_000;
const expireMs = 3_600_000;

/**
 * A simulated gate, not the real one: it keeps the promises that a run relies on (an intent durable
 * before the effect, the outcome before the answer, a key carried out once) on the same store.
 */
export function createSimulatedGate(options: SimulatedGateOptions): Gate {
  return { exchange: (request) => exchange(options, request) };
}

async function exchange(options: SimulatedGateOptions, request: GateRequest): Promise<GateAnswer> {
  await options.breathe();
  const name = request.params["name"] as string;
  if (name === "t__read") return result({ read: JSON.stringify(request.params["arguments"]) });
  if (name === "t__ask") {
    const asked = ask(options, request);
    if (asked !== null) return asked;
  }
  return carryOut(options, request, name);
}

function result(structuredContent: object): Extract<GateAnswer, { kind: "result" }> {
  const text = JSON.stringify({ content: [], structuredContent });
  return { kind: "result", text, isError: false };
}

function own(outcome: "asks" | "denied" | "expired" | "unknown", more: object): GateAnswer {
  const text = JSON.stringify({
    content: [{ type: "text", text: `The gate says: ${outcome}` }],
    isError: true,
    _meta: { [outcomeKey]: { outcome, ...more } },
  });
  return { kind: "result", text, isError: true, outcome };
}

/** Null: a person has agreed. */
function ask(
  { disk, clock, random }: SimulatedGateOptions,
  request: GateRequest,
): GateAnswer | null {
  const key = keyOf(request);
  const known = disk.approvals.get(key);
  if (known?.state === "approved") return null;
  if (known?.state === "denied") return own("denied", {});
  if (known !== undefined && clock.nowMs() >= known.expiresAtMs) return own("expired", {});
  const asked = known ?? {
    id: toUuidV7(clock.nowMs(), random.bytes(10)) as ApprovalId,
    expiresAtMs: clock.nowMs() + expireMs,
    state: "pending",
    isForgotten: Number.parseInt(toDigest(placeOf(key)).slice(-2), 16) % 6 === 0,
  };
  disk.approvals.set(key, asked);
  const expiresAt = new Date(asked.expiresAtMs).toISOString();
  return own("asks", { approval: asked.id, expiresAt });
}

/** Of a call, without the id of its run, which is drawn. */
export function placeOf(key: string): string {
  return key.replace(/^run:[^/]*/, "");
}

export function keyOf(request: GateRequest): string {
  const meta = request.params["_meta"] as { readonly [name: string]: string };
  return meta["dev.countersign/key"]!;
}

async function carryOut(
  options: SimulatedGateOptions,
  request: GateRequest,
  name: string,
): Promise<GateAnswer> {
  const { store, clock, random, disk, isKeyed } = options;
  const key = keyOf(request);
  const hash = toDigest(key);
  const { run } = request;
  if (run === undefined) throw new Error("only runs ask here");
  const known = await store.calls.byKey(tenant, hash, clock.nowMs());
  let repeats: Repeated | null = null;
  if (known !== null && known.call.state !== "failed") {
    const { state, result: kept, id, notAfterMs } = known.call;
    if (state === "done") return JSON.parse(Buffer.from(kept!).toString()) as GateAnswer;
    if (isKeyed) repeats = { id, state };
    else if (state === "open" && notAfterMs > clock.nowMs())
      throw new Fault("key_in_use", "The call is under way.", {
        details: { retryAtMs: notAfterMs },
      });
    else return own("unknown", { call: id });
  }
  const id = toUuidV7(clock.nowMs(), random.bytes(10)) as EntryId;
  const intent = toDigest(`intent ${id}`);
  const opens = {
    subject: "user\nsomebody",
    server: "t",
    tool: name,
    intent,
    approval: null,
    run: run.run,
    notAfterMs: clock.nowMs() + callMs,
    opening: null,
    atMs: clock.nowMs(),
    key: {
      hash,
      fingerprint: hash,
      expiresAtMs: clock.nowMs() + 864e5,
      ...(repeats === null ? {} : { repeats: repeats.id }),
    },
  };
  const bytes = Buffer.from(JSON.stringify({ id, name }));
  const ended = repeats === null ? [] : [endOf(options, repeats)];
  const started = await run.commit(
    { entries: [...ended, { id, tenant, bytes, opens }] },
    { kind: "started", entry: id, intent },
  );
  if (started.kind !== "committed") throw new Fault("run_taken", "Another worker goes on.");
  await options.breathe();
  // I4: what was delayed for too long is not sent any more.
  if (clock.nowMs() >= opens.notAfterMs) throw new Fault("deadline_exceeded", "It is too late.");
  const answer = name === "t__fails" ? null : await actUpon(options, request, { name, key, disk });
  if (options.isLost?.(name) === true) return lose(options, run, id);
  await options.breathe();
  const outcomeId = toUuidV7(clock.nowMs(), random.bytes(10)) as EntryId;
  const kept = answer === null ? null : Buffer.from(JSON.stringify(answer));
  const to = answer === null ? "failed" : "done";
  const ends = { call: id, from: "open", to, result: kept } as const;
  const outcome = await run.commit(
    { entries: [{ id: outcomeId, tenant, bytes: Buffer.from(outcomeId), ends }] },
    { kind: "ended", entry: id, ...toEnd(answer) },
  );
  if (outcome.kind !== "committed") throw new Fault("run_taken", "Another worker goes on.");
  if (answer === null) throw new Fault("upstream_unreachable", "The server is away.");
  return answer;
}

/** The tool has done it, and its answer never came. */
async function lose(
  { clock, random }: SimulatedGateOptions,
  run: NonNullable<GateRequest["run"]>,
  call: EntryId,
): Promise<never> {
  const id = toUuidV7(clock.nowMs(), random.bytes(10)) as EntryId;
  const ends = { call, from: "open", to: "unknown", result: null } as const;
  await run.commit(
    { entries: [{ id, tenant, bytes: Buffer.from(`lost ${id}`), ends }] },
    { kind: "ended", entry: call, outcome: "unknown", text: "The call took longer than it may." },
  );
  throw new Fault("deadline_exceeded", "The call took longer than it may.");
}

function toEnd(answer: Extract<GateAnswer, { kind: "result" }> | null) {
  if (answer === null) return { outcome: "fault", text: "The server is away." } as const;
  const outcome = answer.isError ? "tool_error" : "answered";
  return { outcome, text: answer.text } as const;
}

interface Repeated {
  readonly id: EntryId;
  readonly state: "open" | "unknown";
}

function endOf({ clock, random }: SimulatedGateOptions, { id: call, state: from }: Repeated) {
  const id = toUuidV7(clock.nowMs(), random.bytes(10)) as EntryId;
  const ends = { call, from, to: "failed", result: null } as const;
  return { id, tenant, bytes: Buffer.from(`resolution ${id}`), ends };
}

interface ActingUpon {
  readonly name: string;
  readonly key: string;
  readonly disk: Disk;
}

/** What the tool itself does: one that takes keys does each once. */
async function actUpon(
  { desk, isKeyed }: SimulatedGateOptions,
  request: GateRequest,
  { name, key, disk }: ActingUpon,
) {
  disk.asked.set(key, (disk.asked.get(key) ?? 0) + 1);
  if (name === "agents__child") {
    const { run, step, ordinal } = request.run!;
    const task = (request.params["arguments"] as { readonly task: string }).task;
    const { deadlineMs } = await desk().read(tenant, run);
    const { run: child } = await desk().start({
      principal: request.principal,
      roles: request.roles,
      agent: "child",
      input: task,
      caps: null,
      deadlineMs,
      key,
      parent: {
        run,
        root: run,
        step,
        ordinal,
      },
    });
    return result({ run: child });
  }
  if (name === "t__errs") return { ...result({ error: "It did nothing." }), isError: true };
  const before = disk.effects.get(key) ?? 0;
  disk.effects.set(key, isKeyed ? 1 : before + 1);
  return result({ done: placeOf(key) });
}

/** A person decides what waits; says which runs are to be told. */
export async function decideAll(disk: Disk, store: Store, pick: (key: string) => boolean) {
  const decided: RunId[] = [];
  for (const [key, approval] of disk.approvals) {
    if (approval.state !== "pending" || approval.isForgotten) continue;
    approval.state = pick(key) ? "approved" : "denied";
    const run = key.slice("run:".length).split("/")[0] as RunId;
    const payload = toRunLetterBytes({
      v: 1,
      kind: "approval_decided",
      approval: approval.id,
      outcome: approval.state,
    } as const);
    await store.runs.post({ run, tenant, payload });
    decided.push(run);
  }
  return decided;
}
