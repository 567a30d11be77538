import { createPgBossWake } from "../../src/adapters/pg-boss/pg-boss-wake.ts";
import { openWakeQueue } from "../../src/adapters/pg-boss/wake-queue.ts";
import { openPostgresBus } from "../../src/adapters/postgres/postgres-bus.ts";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import { createPrometheusTelemetry } from "../../src/adapters/prometheus/prometheus-telemetry.ts";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../../src/adapters/system/system-random.ts";
import { createOpenings } from "../../src/authority/openings.ts";
import { createTenantHash, createTenantKeys } from "../../src/authority/tenant-keys.ts";
import { createRandomPool } from "../../src/gate/intent-template.ts";
import type { Principal, RunId, TenantId } from "../../src/model/index.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import type { Store } from "../../src/ports/store.ts";
import type { Vault } from "../../src/ports/vault.ts";
import type { Wake } from "../../src/ports/wake.ts";
import { advance } from "../../src/run/advance.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import { openRunNews } from "../../src/run/run-news.ts";
import { obey } from "./obey.ts";
import type { Start } from "./orders.ts";
import { createPlainModels, plainBundle, plainCatalog, type Input } from "./plan.ts";
import { createPlainGate } from "./plain-gate.ts";
import type { Meter, Runtime } from "./runtime.ts";

const tenant = "bench" as TenantId;
const principal: Principal = { tenant, kind: "user", subject: "bench", actor: null };
const slots = 400;

/** The same for every worker that is started: what one has sealed another opens. */
const key = { value: new SecretValue("5e".repeat(32)), hosts: [] };
const vault: Pick<Vault, "read" | "update"> = {
  read: async (of) => ({ ...of, ...key, version: 1, writtenAtMs: 0 }),
  update: () => Promise.reject(new Error("the key is there")),
};

/** Store, wake, engine and desk, wired as the server does it; the model and the gate are plain ones. */
async function open({ urls: [url], isBeside = false }: Start, meter: Meter): Promise<Runtime> {
  const telemetry = createPrometheusTelemetry({
    clock,
    write: (line) => process.stderr.write(`${line}\n`),
    level: () => "error",
  });
  // As on the embedded store: whatever a worker before it claimed is free.
  const queue = await openWakeQueue({ url: url!, clock, telemetry, isAlone: !isBeside });
  const enlist = queue.enlist.bind(queue);
  const store = await openPostgresStore({ url: url!, clock, random, telemetry, enlist });
  const wake = createPgBossWake({ queue, runs: store.runs, clock, telemetry });
  const bus = await openPostgresBus({ url: url!, clock, random, telemetry });
  const keys = createTenantKeys(vault, random);
  const base = {
    store,
    clock,
    random,
    telemetry,
    openings: createOpenings(keys, random),
    hashes: createTenantHash(keys),
    news: await openRunNews(bus),
    bundles: () => ({ build: async () => plainBundle, read: async () => plainBundle }),
  };
  const models = createPlainModels(meter);
  const gate = createPlainGate({
    ...base,
    key: await keys.of(tenant),
    random: createRandomPool((length) => random.bytes(length)),
    meter,
    idOf: (request) => request.run!.run,
  });
  const engine = {
    ...base,
    gate,
    catalog: () => plainCatalog,
    models: () => models,
    freezes: { check: () => undefined },
    onMoved: () => undefined,
  } satisfies Parameters<typeof advance>[0];
  return createRuntime({ engine, store, wake });
}

interface Opened {
  readonly engine: Parameters<typeof advance>[0] & Parameters<typeof createRunDesk>[0];
  readonly store: Store;
  readonly wake: Wake;
}

async function createRuntime({ engine, wake }: Opened): Promise<Runtime> {
  const desk = createRunDesk(engine);
  const runs = new Map<string, RunId>();
  const rested = createRested();
  await wake.serve({
    slots,
    onWake: async (woken, signal) => {
      await advance(engine, woken, signal);
      rested.is(woken.run);
    },
    onFault: (fault) => engine.telemetry.log("error", "not carried on", { fault }),
  });
  const start = async (input: Input): Promise<RunId> => {
    const { run } = await desk.start({
      principal,
      roles: [],
      agent: "bench",
      input: JSON.stringify(input),
      caps: null,
      deadlineMs: null,
      key: null,
      parent: null,
    });
    return run;
  };
  return {
    async flow(flow, id) {
      const run = await start({ flow, id });
      await rested.once(run);
    },
    async park(id) {
      const run = await start({ flow: "park", id });
      await rested.once(run);
      runs.set(id, run);
    },
    signal(id) {
      const run = runs.get(id)!;
      runs.delete(id);
      return desk.tell(tenant, run, { kind: "signal", name: "go", payload: "now" });
    },
    tick: async () => void (await start({ flow: "tick", id: "tick" })),
  };
}

/** When a worker has left a run: it has ended, or it waits. It may leave before its starter is told. */
function createRested() {
  const waiting = new Map<RunId, () => void>();
  const before = new Set<RunId>();
  return {
    is(run: RunId): void {
      const tell = waiting.get(run);
      if (tell === undefined) before.add(run);
      waiting.delete(run);
      tell?.();
    },
    once(run: RunId): Promise<void> {
      if (before.delete(run)) return Promise.resolve();
      return new Promise((resolve) => waiting.set(run, resolve));
    },
  };
}

await obey(open);
