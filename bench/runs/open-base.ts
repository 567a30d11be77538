import { createPgBossWake } from "../../src/adapters/pg-boss/pg-boss-wake.ts";
import { openWakeQueue } from "../../src/adapters/pg-boss/wake-queue.ts";
import { openPostgresBus } from "../../src/adapters/postgres/postgres-bus.ts";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import { createPrometheusTelemetry } from "../../src/adapters/prometheus/prometheus-telemetry.ts";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../../src/adapters/system/system-random.ts";
import { createOpenings } from "../../src/authority/openings.ts";
import { createTenantHash, createTenantKeys } from "../../src/authority/tenant-keys.ts";
import type { TenantId } from "../../src/model/index.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import type { Vault } from "../../src/ports/vault.ts";
import { openRunNews } from "../../src/run/run-news.ts";

export const benchTenant = "bench" as TenantId;

/** The same for every worker that is started: what one has sealed another opens. */
const key = { value: new SecretValue("5e".repeat(32)), hosts: [] };
export const benchVault: Pick<Vault, "read" | "update"> = {
  read: async (of) => ({ ...of, ...key, version: 1, writtenAtMs: 0 }),
  update: () => Promise.reject(new Error("the key is there")),
};

/** `isAlone`: as on the embedded store, whatever a worker before it claimed is free. */
interface OpenBaseOptions {
  readonly url: string;
  readonly isAlone: boolean;
}

/** What runs are carried out with, wired as the server does it. */
export async function openBase({ url, isAlone }: OpenBaseOptions) {
  const telemetry = createPrometheusTelemetry({
    clock,
    write: (line) => process.stderr.write(`${line}\n`),
    level: () => "error",
  });
  const queue = await openWakeQueue({ url, clock, telemetry, isAlone });
  const enlist = queue.enlist.bind(queue);
  const store = await openPostgresStore({ url, clock, random, telemetry, enlist });
  const wake = createPgBossWake({ queue, runs: store.runs, clock, telemetry });
  const bus = await openPostgresBus({ url, clock, random, telemetry });
  const keys = createTenantKeys(benchVault, random);
  const base = {
    store,
    clock,
    random,
    telemetry,
    openings: createOpenings(keys, random),
    hashes: createTenantHash(keys),
    news: await openRunNews(bus),
  };
  return { base, wake, bus, keys };
}
