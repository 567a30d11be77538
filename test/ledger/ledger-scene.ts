import { createInMemoryCheckpoints, type Checkpoints } from "../../src/ports/checkpoints.ts";
import { createLedger } from "../../src/ledger/ledger.ts";
import { createLedgerKeys, type LedgerKeys } from "../../src/ledger/ledger-keys.ts";
import { LogWriter } from "../../src/ledger/log-writer.ts";
import { startSequencer } from "../../src/ledger/sequencer.ts";
import {
  toCanonicalText,
  toDigest,
  toEntryBytes,
  toTextCommitment,
  toUuidV7,
  type EntryId,
  type TenantId,
} from "../../src/model/index.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Openings } from "../../src/ports/openings.ts";
import type { Random } from "../../src/ports/random.ts";
import type { CallDraft } from "../../src/ports/call-rows.ts";
import type { EntryRow } from "../../src/ports/entry-rows.ts";
import type { Store } from "../../src/ports/store.ts";
import type { Telemetry } from "../../src/ports/telemetry.ts";

export const startMs = Date.UTC(2026, 10, 21, 9);

export interface SceneParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly checkpoints?: Checkpoints;
  readonly keys?: LedgerKeys;
}

export function createTestKeys(fill = 7, installation = "test.example"): Promise<LedgerKeys> {
  return createLedgerKeys({ installation, seeds: [new Uint8Array(32).fill(fill)] });
}

/** Sealed is what is written behind a mark: it is enough to see what is opened as what. */
export const plainOpenings: Openings = {
  seal: async ({ tenant, what }, value) =>
    Buffer.from(JSON.stringify({ place: `${tenant} ${what}`, value })),
  open: async ({ tenant, what }, sealed) => {
    const read = JSON.parse(Buffer.from(sealed).toString()) as { place: string; value: never };
    return read.place === `${tenant} ${what}` ? read.value : null;
  },
};

/** A ledger with everything that belongs to it, on any store. */
export async function createScene(parts: SceneParts) {
  const { store, clock, random, telemetry } = parts;
  const keys = parts.keys ?? (await createTestKeys());
  const checkpoints = parts.checkpoints ?? createInMemoryCheckpoints();
  const { log, entries, replicas } = store;
  const owner = toUuidV7(startMs, random.bytes(10));
  const options = {
    ...store,
    log,
    entries,
    replicas,
    keys,
    checkpoints,
    clock,
    random,
    telemetry,
    owner,
  };
  return {
    ...parts,
    keys,
    checkpoints,
    writer: (tenant: TenantId) => new LogWriter(options, tenant),
    ledger: createLedger({ ...options, openings: plainOpenings }),
    sequence: () => startSequencer(options),
    newId: (): EntryId => toUuidV7(clock.nowMs(), random.bytes(10)) as EntryId,
  };
}
export type Scene = Awaited<ReturnType<typeof createScene>>;

/** Entries of a read's outcome: what there is most of. */
export function toReadEntry(scene: Scene, tenant: TenantId, result = "{}"): EntryRow {
  const id = scene.newId();
  const commitment = toDigest(`${"0".repeat(64)}\n${result}`);
  const bytes = toEntryBytes({
    kind: "outcome",
    v: 1,
    id,
    tenant,
    atMs: scene.clock.nowMs(),
    run: null,
    previous: null,
    server: "mail",
    tool: "search",
    of: null,
    intent: toDigest(`intent ${id}`),
    outcome: "answered",
    reason: null,
    result: { commitment, bytes: result.length },
    endpoint: null,
    credential: null,
    sandbox: null,
    cost: null,
    declaredCost: null,
    timings: { queuedUs: 1, upstreamUs: 2 },
    trace: null,
  });
  return { id, tenant, bytes };
}

export async function writeReads(scene: Scene, tenant: TenantId, count: number) {
  const rows = Array.from({ length: count }, () => toReadEntry(scene, tenant));
  for (let at = 0; at < count; at += 250)
    await scene.store.commit({ entries: rows.slice(at, at + 250) });
  return rows;
}

export const salt = "ab".repeat(32);

/** A call with an effect: intent, and its outcome. */
export async function writeCall(
  scene: Scene,
  tenant: TenantId,
  { subject = `${tenant}\nservice\nbot`, result = '{"sent":true}' } = {},
) {
  const { store, clock } = scene;
  const atMs = clock.nowMs();
  const args = toCanonicalText({ to: "ada@example.com" });
  const principal = { tenant, kind: "service", subject: "bot", actor: null } as const;
  const made = {
    v: 1,
    tenant,
    principal,
    agent: null,
    bundle: null,
    run: null,
    step: null,
    server: "mail",
    method: "tools/call",
    target: "send",
    definition: null,
    args: toTextCommitment(salt, args),
    forwarded: {},
    task: null,
    policy: toDigest("policy"),
    notAfterMs: atMs + 60_000,
  } as const;
  const intent = toDigest(toCanonicalText(made));
  const [id, outcome] = [scene.newId(), scene.newId()];
  const leaf = {
    v: 1,
    tenant,
    atMs,
    run: null,
    previous: null,
    server: "mail",
    tool: "send",
  } as const;
  const opening = await plainOpenings.seal(
    { tenant, what: `call:${id}` },
    {
      v: 1,
      intent: made,
      salt,
      args,
      claim: null,
    },
  );
  const opens: CallDraft = {
    subject,
    server: "mail",
    tool: "send",
    intent,
    run: null,
    approval: null,
    notAfterMs: atMs + 60_000,
    opening,
    atMs,
    key: null,
  };
  const decision = { kind: "allow", policy: toDigest("policy"), rules: [] } as const;
  const intentBytes = toEntryBytes({
    kind: "intent",
    ...leaf,
    id,
    intent,
    decision,
    approval: null,
    credential: null,
  });
  await store.commit({ entries: [{ id, tenant, bytes: intentBytes, opens }] });
  const kept = await plainOpenings.seal(
    { tenant, what: `result:${id}` },
    { text: result, isError: false, salt },
  );
  const commitment = toDigest(`${salt}\n${result}`);
  const outcomeBytes = toEntryBytes({
    kind: "outcome",
    ...leaf,
    id: outcome,
    of: id,
    intent,
    outcome: "answered",
    reason: null,
    result: { commitment, bytes: result.length },
    endpoint: null,
    credential: null,
    sandbox: null,
    cost: null,
    declaredCost: null,
    trace: null,
    timings: { queuedUs: 1, upstreamUs: 2 },
  });
  const ends = { call: id, from: "open", to: "done", result: kept } as const;
  await store.commit({ entries: [{ id: outcome, tenant, bytes: outcomeBytes, ends }] });
  return { id, outcome };
}
