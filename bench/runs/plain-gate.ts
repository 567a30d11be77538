import { setTimeout as sleep } from "node:timers/promises";
import type { TenantKey } from "../../src/authority/tenant-keys.ts";
import { Fault, toDigest, toUuidV7, type EntryId } from "../../src/model/index.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Gate, GateAnswer, GateRequest } from "../../src/ports/gate.ts";
import type { Openings } from "../../src/ports/openings.ts";
import type { Store } from "../../src/ports/store.ts";
import { stepText, tickMs, type Meter } from "./runtime.ts";

export interface PlainGateOptions {
  readonly store: Pick<Store, "calls">;
  readonly openings: Openings;
  readonly key: Pick<TenantKey, "hash">;
  readonly clock: Clock;
  readonly random: (length: number) => Buffer;
  readonly meter: Meter;
  /** What the meter knows a run by. */
  readonly idOf: (request: GateRequest) => string;
}

/** Longer than a call takes here. */
const callMs = 60_000;
const keyMs = 86_400_000;
/** Entries of the real gate are about this long. */
const entryPadding = "e".repeat(500);

/**
 * A gate for measuring, not the real one: no policy, no catalog, no server behind it. It keeps what a
 * run relies on: the key of a call is claimed with its intent and the event that says so, in one
 * commit before the effect; its outcome and that event are one commit before the answer; a key whose
 * call was begun is never begun again. `t__once` is a call that the gate keeps no intent of.
 */
export function createPlainGate(options: PlainGateOptions): Gate {
  return { exchange: (request) => exchange(options, request) };
}

async function exchange(options: PlainGateOptions, request: GateRequest): Promise<GateAnswer> {
  if (request.params["name"] === "t__tick") {
    await sleep(tickMs);
    options.meter.ticked();
    return answer;
  }
  if (request.params["name"] !== "t__effect") {
    options.meter.stepped(options.idOf(request));
    return answer;
  }
  return carryOut(options, request);
}

const answer = Object.freeze({
  kind: "result",
  text: JSON.stringify({ content: [{ type: "text", text: stepText }] }),
  isError: false,
}) satisfies GateAnswer;

async function carryOut(options: PlainGateOptions, request: GateRequest): Promise<GateAnswer> {
  const { store, openings, clock, key } = options;
  const { tenant } = request.principal;
  const run = request.run!;
  const given = (request.params["_meta"] as { readonly "dev.countersign/key": string })[
    "dev.countersign/key"
  ];
  const hash = key.hash("call-key", [run.run, given]);
  const fingerprint = key.hash("call-fingerprint", ["t", "effect", request.argumentsText]);
  // As the gate does it: what the run itself knows not to be there is not looked for.
  if (run.isFirst !== true && (await store.calls.byKey(tenant, hash, clock.nowMs())) !== null)
    throw new Fault("key_in_use", "The call with this key was begun.");
  const atMs = clock.nowMs();
  const entry = toEntryId(options);
  const intent = toDigest(`intent ${entry}`);
  const opening = await openings.seal({ tenant, what: `call:${entry}` }, request.params);
  const opens = {
    subject: "user\nbench",
    server: "t",
    tool: "effect",
    intent,
    approval: null,
    run: run.run,
    opening,
    notAfterMs: atMs + callMs,
    atMs,
    key: { hash, fingerprint, expiresAtMs: atMs + keyMs },
  };
  const started = await run.commit(
    { entries: [{ id: entry, tenant, bytes: toBytes(entry), opens }] },
    { kind: "started", entry, intent },
  );
  if (started.kind !== "committed") throw new Fault("run_taken", `It was ${started.kind}.`);
  options.meter.stepped(options.idOf(request));
  const id = toEntryId(options);
  const result = await openings.seal({ tenant, what: `result:${entry}` }, { text: answer.text });
  const ends = { call: entry, from: "open", to: "done", result } as const;
  const ended = await run.commit(
    { entries: [{ id, tenant, bytes: toBytes(id), ends }] },
    { kind: "ended", entry, outcome: "answered", text: answer.text },
  );
  if (ended.kind !== "committed") throw new Fault("run_taken", `It was ${ended.kind}.`);
  return answer;
}

function toEntryId({ clock, random }: PlainGateOptions): EntryId {
  return toUuidV7(clock.nowMs(), random(10)) as EntryId;
}

function toBytes(id: EntryId): Uint8Array {
  return Buffer.from(JSON.stringify({ id, padding: entryPadding }));
}
