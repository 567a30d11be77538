import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toDigest, type Digest, type TenantId } from "../../src/model/index.ts";
import type { CommitUnit, Store } from "../../src/ports/store.ts";
import { usePostgres } from "../postgres.ts";
import { scaled, seed } from "../scale.ts";
import { makeInMemoryStore } from "./in-memory-store-under-test.ts";
import { makePostgresStore } from "./postgres-store-under-test.ts";
import { askRun, runSteps, side, text, toBlobs, which, type RunStep } from "./store-model-runs.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newApproval, newEntryId, newRun, startMs, toBytes, toText } from "./store-values.ts";

const postgres = usePostgres();
let twin: StoreUnderTest;
let real: StoreUnderTest;

beforeAll(async () => {
  twin = await makeInMemoryStore();
  real = await makePostgresStore(await postgres.freshDatabase());
});
afterAll(() => Promise.all([twin?.close(), real?.close()]));

/** The things that the steps of one sequence talk about: few, so that they meet. */
function makeWorld() {
  const three = [0, 1, 2];
  return {
    runs: three.map(newRun),
    entries: three.map(newEntryId),
    verdicts: three.map(newEntryId),
    approvals: three.map(newApproval),
    tenants: ["left", "right"].map((name) => `${name}-${newRun()}` as TenantId),
    digests: three.map((n) => toDigest(`content ${n}`)),
  };
}
type World = ReturnType<typeof makeWorld>;

const small = fc.integer({ min: -1, max: 1 });
/** A guess of what the run is at: mostly right, sometimes off by one. */
const guess = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: small });
/** Mostly before the expiry of an approval, sometimes at or after it. */
const moment = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 3 }));
/** Mostly the digest that goes with the approval, sometimes another. */
const intended = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: which },
);

const steps = {
  create: fc.record({
    run: which,
    tenant: side,
    events: fc.array(text, { maxLength: 2 }),
    wake: fc.boolean(),
    key: fc.option(which, { freq: 2 }),
    blobs: fc.array(which, { maxLength: 2 }),
  }),
  ...runSteps,
  take: fc.record({ run: which }),
  setTimer: fc.record({ run: which, at: fc.nat({ max: 4 }), replace: fc.boolean() }),
  wakeDue: fc.record({ at: fc.nat({ max: 5 }) }),
  commit: fc.record({
    append: fc.option(
      fc.record({
        run: which,
        epoch: guess,
        head: guess,
        events: fc.array(text, { minLength: 1, maxLength: 3 }),
        wakeAt: fc.option(fc.option(fc.nat({ max: 4 })), { nil: undefined }),
        ended: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
        state: fc.option(fc.constantFrom("running", "waiting", "failed"), { nil: undefined }),
        blobs: fc.array(which, { maxLength: 2 }),
        folded: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
        gist: fc.option(which, { nil: undefined }),
        costs: fc.array(which, { maxLength: 2 }),
      }),
    ),
    letters: fc.array(fc.record({ run: which, tenant: side, text }), { maxLength: 2 }),
    entries: fc.uniqueArray(
      fc.record({ id: which, tenant: side, text: fc.constantFrom("a", "b") }),
      {
        maxLength: 2,
        selector: ({ id, tenant }) => `${id} ${tenant}`,
      },
    ),
    consume: fc.option(fc.record({ approval: which, tenant: side, intent: intended, at: moment }), {
      freq: 2,
    }),
    wake: fc.boolean(),
  }),
  ask: fc.record({
    approval: which,
    tenant: side,
    intent: intended,
    expires: fc.integer({ min: 1, max: 3 }),
    run: fc.option(which),
  }),
  decide: fc.record({
    approval: which,
    tenant: side,
    intent: intended,
    deny: fc.boolean(),
    at: moment,
  }),
  expire: fc.record({ at: moment }),
  void: fc.record({ approval: which, tenant: side }),
  pin: fc.record({ tenant: side, tool: which, digest: which, previous: fc.option(which) }),
  revoke: fc.record({ tenant: side, tool: which }),
  apply: fc.record({ digest: which, previous: fc.option(which) }),
  remember: fc.record({
    tenant: side,
    key: text.filter(isStorable),
    text: text.filter(isStorable),
  }),
  forget: fc.record({ tenant: side, key: text.filter(isStorable) }),
};

function toIntent(world: World, it: { approval: number; intent: number }): Digest {
  return world.digests[(it.approval + it.intent) % 3]!;
}

function isStorable(value: string): boolean {
  return !value.includes("\0") && value.isWellFormed();
}

type Name = keyof typeof steps;
type Step = {
  [N in Name]: { name: N; with: (typeof steps)[N] extends fc.Arbitrary<infer T> ? T : never };
}[Name];

/** Where every sequence begins: something is there to write to and to ask for. */
const opening: readonly Step[] = [
  {
    name: "create",
    with: { run: 0, tenant: 0, events: ["started"], wake: false, key: 0, blobs: [0] },
  },
  { name: "create", with: { run: 1, tenant: 1, events: [], wake: true, key: null, blobs: [] } },
  { name: "ask", with: { approval: 0, tenant: 0, intent: 0, expires: 2, run: 0 } },
];

const step = fc.oneof(
  ...(Object.keys(steps) as Name[]).map((name) => ({
    weight:
      name === "commit" ? 8 : name === "ask" || name === "decide" || name === "create" ? 3 : 1,
    arbitrary: fc.record({ name: fc.constant(name), with: steps[name] as fc.Arbitrary<unknown> }),
  })),
) as fc.Arbitrary<Step>;

/** Takes one step on one store; what it answers, a fault by its code included. */
async function take(store: Store, world: World, given: Step): Promise<unknown> {
  try {
    return await ask(store, world, given);
  } catch (error) {
    return { fault: (error as { code?: string }).code ?? String(error) };
  }
}

async function ask(store: Store, world: World, { name, with: it }: Step): Promise<unknown> {
  const { runs, tenants, approvals } = world;
  switch (name) {
    case "create": {
      const draft = { run: runs[it.run]!, tenant: tenants[it.tenant]!, wake: it.wake };
      const key = it.key === null ? null : world.digests[it.key]!;
      return store.runs.create({
        ...draft,
        events: it.events.map(toBytes),
        blobs: toBlobs(world, it.blobs, "made"),
        ...(key === null ? {} : { key: { hash: key, fingerprint: key } }),
      });
    }
    case "take":
      return store.runs.take(runs[it.run]!);
    case "setTimer":
      return store.runs.setTimer(runs[it.run]!, it.at, { replace: it.replace });
    case "wakeDue":
      return store.runs.wakeDue(it.at, 1_000);
    case "commit":
      return store.commit(await toUnit(store, world, it));
    case "ask":
      return store.approvals.create({
        id: approvals[it.approval]!,
        tenant: tenants[it.tenant]!,
        run: it.run === null ? null : runs[it.run]!,
        intent: toIntent(world, it),
        key: toDigest(approvals[it.approval]!),
        server: "mail",
        tool: "send",
        agent: null,
        subject: "someone",
        request: toBytes("request"),
        opening: null,
        createdAtMs: startMs,
        expiresAtMs: startMs + it.expires,
      });
    case "decide":
      return store.approvals.decide({
        id: approvals[it.approval]!,
        tenant: tenants[it.tenant]!,
        intent: toIntent(world, it),
        to: it.deny ? "denied" : "approved",
        verdicts: toBytes("verdict"),
        seen: null,
        entry: {
          id: world.verdicts[it.approval]!,
          tenant: tenants[it.tenant]!,
          bytes: toBytes("verdict"),
        },
        nowMs: startMs + it.at,
      });
    case "expire":
      return store.approvals.expire(startMs + it.at, 1_000);
    case "void":
      return store.approvals.void(tenants[it.tenant]!, approvals[it.approval]!);
    default:
      if (Object.hasOwn(runSteps, name)) return askRun(store, world, { name, with: it } as RunStep);
      return askRow(store, world, { name, with: it } as Step);
  }
}

async function askRow(store: Store, world: World, { name, with: it }: Step): Promise<unknown> {
  const { tenants, digests } = world;
  const previous = (n: number | null): Digest | null => (n === null ? null : digests[n]!);
  switch (name) {
    case "pin":
      return store.pins.accept(
        {
          tenant: tenants[it.tenant]!,
          server: "server",
          tool: `tool ${it.tool}`,
          digest: digests[it.digest]!,
          definition: toBytes("definition"),
          acceptedBy: "approver",
          acceptedAtMs: startMs,
        },
        previous(it.previous),
      );
    case "revoke":
      return store.pins.revoke(tenants[it.tenant]!, "server", `tool ${it.tool}`);
    case "apply": {
      const next = { digest: digests[it.digest]!, bytes: toBytes("config"), appliedAtMs: startMs };
      return store.revisions.apply(next, previous(it.previous));
    }
    case "remember":
      return store.memory.write(
        {
          tenant: tenants[it.tenant]!,
          scope: "agent:a",
          key: it.key,
          subject: "somebody",
          text: it.text,
          labels: [],
          source: { name: null, digest: digests[0]! },
          embedding: null,
          language: "simple",
          atMs: startMs,
        },
        { rows: 2 },
      );
    case "forget":
      return store.memory.forget(
        { tenant: tenants[it.tenant]!, scope: "agent:a" },
        it.key,
        startMs,
      );
    default:
      throw new Error(`no such step: ${name}`);
  }
}

async function toUnit(
  store: Store,
  world: World,
  it: Extract<Step, { name: "commit" }>["with"],
): Promise<CommitUnit> {
  const { runs, tenants, approvals, entries } = world;
  const unit: { -readonly [K in keyof CommitUnit]: CommitUnit[K] } = {};
  if (it.append !== null) {
    const { run, epoch, head, events, wakeAt, ended, state, blobs, ...says } = it.append;
    const now = await store.runs.get(runs[run]!);
    unit.append = {
      run: runs[run]!,
      epoch: Math.max(0, (now?.epoch ?? 0) + epoch),
      head: Math.max(0, (now?.head ?? 0) + head),
      events: events.map(toBytes),
      ...(wakeAt === undefined ? {} : { wakeAtMs: wakeAt }),
      ended,
      ...(ended ? { endedAtMs: events.length } : {}),
      ...(state === undefined ? {} : { state }),
      ...(says.folded === undefined ? {} : { folded: says.folded }),
      blobs: toBlobs(world, blobs, "appended"),
      ...toSpent(says),
    };
    if (it.wake) unit.wakes = [{ run: runs[run]!, tenant: tenants[0]! }];
  }
  unit.letters = it.letters.map(({ run, tenant, text: payload }) => ({
    run: runs[run]!,
    tenant: tenants[tenant]!,
    payload: toBytes(payload),
  }));
  unit.entries = it.entries.map(({ id, tenant, text: bytes }) => ({
    id: entries[id]!,
    tenant: tenants[tenant]!,
    bytes: toBytes(bytes),
  }));
  if (it.consume !== null) {
    const { approval, tenant, at } = it.consume;
    unit.consume = {
      tenant: tenants[tenant]!,
      approval: approvals[approval]!,
      intent: toIntent(world, it.consume),
      nowMs: startMs + at,
    };
  }
  return unit;
}

/** One of the names is no name, and another only looks like that. */
function toSpent({ gist, costs }: { gist?: number | undefined; costs: readonly number[] }) {
  const names = ["large", null, "null"];
  const why = gist === undefined ? null : names[gist]!;
  return {
    costs: costs.map((n) => ({
      day: 1 + n,
      kind: n === 0 ? ("model" as const) : ("tool" as const),
      name: names[n]!,
      micros: n,
      tokens: 1,
    })),
    ...(gist === undefined ? {} : { gist: { steps: gist, why, micros: gist, tokens: 7 } }),
  };
}

/** Everything that the store can tell about the world, bytes as text. */
async function look({ store, readWakes }: StoreUnderTest, world: World): Promise<unknown> {
  const page = { after: 0, limit: 1_000 };
  const all = { limit: 1_000 };
  const seen = {
    runs: await Promise.all(world.runs.map((run) => store.runs.get(run))),
    events: await Promise.all(world.runs.map((run) => store.runs.read(run, page))),
    letters: await Promise.all(world.runs.map((run) => store.runs.letters(run, page))),
    snapshots: await Promise.all(world.runs.map((run) => store.runs.snapshot(run))),
    budgets: await Promise.all(world.runs.map((run) => store.runBudgets.read(run))),
    blobs: await Promise.all(
      world.runs.map(async (run) => {
        const found = await store.runs.blobs(run, world.digests);
        return world.digests.map((id) => found.get(id) ?? null);
      }),
    ),
    ended: (await store.runs.listEnded(9, 1_000)).filter((run) => world.runs.includes(run)),
    tenants: await Promise.all(
      world.tenants.map(async (tenant) => ({
        entries: (await store.entries.page(tenant, { after: 0n, limit: 1_000 })).map(
          ({ id, bytes }) => ({ id, bytes }),
        ),
        runs: await store.runs.list(tenant, all),
        keys: await Promise.all(world.digests.map((key) => store.runs.byKey(tenant, key))),
        approvals: await store.approvals.list(tenant, all),
        pins: await store.pins.list(tenant, "server"),
        costs: await store.costs.read(tenant, { fromDay: 1, toDay: 4, mostRows: 100 }),
        memories: await store.memory.list({ tenant, scope: "agent:a" }, all),
      })),
    ),
    revision: await store.revisions.current(),
    wakes: (await readWakes()).filter((wake) => world.runs.includes(wake.run)),
  };
  return toPlain(seen);
}

function toPlain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, function (this: Record<string, unknown>, key, plain) {
      const original = this[key];
      return original instanceof Uint8Array ? toText(original) : (plain as unknown);
    }),
  );
}

test(
  "the twin and Postgres answer alike, whatever is asked of them",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (sequence) => {
        const world = makeWorld();
        for (const each of [...opening, ...sequence]) {
          const [expected, answered] = [
            await take(twin.store, world, each),
            await take(real.store, world, each),
          ];
          expect(answered).toEqual(expected);
        }
        expect(await look(real, world)).toEqual(await look(twin, world));
      }),
      { seed: seed(), numRuns: scaled({ test: 60, prove: 2_000 }) },
    );
  },
  scaled({ test: 60_000, prove: 1_200_000 }),
);
