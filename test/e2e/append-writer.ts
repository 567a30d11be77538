/**
 * The durable half of the server, composed by main's own code, with writers that say on stdout
 * what was acknowledged, and never before. Killed by the test; then started with `dump`, it says
 * what is there.
 *
 *   node append-writer.ts write|dump <directory> <writers> [run…]
 */
import { writeSync } from "node:fs";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../../src/adapters/system/system-random.ts";
import { createLifecycle } from "../../src/main/lifecycle.ts";
import { startStorage, type Storage } from "../../src/main/storage.ts";
import { toUuidV7, type EntryId, type RunId, type TenantId } from "../../src/model/index.ts";
import type { Secrets } from "../../src/ports/secrets.ts";
import type { Telemetry } from "../../src/ports/telemetry.ts";

const [mode, directory, writers, ...runs] = process.argv.slice(2);
const tenant = "kill" as TenantId;
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as unknown;
const newId = () => toUuidV7(clock.nowMs(), random.bytes(10));
/** Past every buffer of ours: what is said before a kill is read after it. */
const say = (value: unknown) => void writeSync(1, `${JSON.stringify(value)}\n`);

const telemetry: Telemetry = {
  count: () => undefined,
  observe: () => undefined,
  gauge: () => undefined,
  log: () => undefined,
};
const secrets: Secrets = {
  resolve: async () => {
    throw new Error("there are no secrets here");
  },
};

const lifecycle = createLifecycle({ clock, telemetry, signal: new AbortController().signal });
const storage = await startStorage({
  lifecycle,
  store: { kind: "embedded", directory: ".countersign", poolSize: 10 },
  keepRunsMs: 86_400_000,
  directory: directory!,
  clock,
  random,
  telemetry,
  secrets,
});
if (mode === "dump") {
  for (const run of runs) await dump(storage, run as RunId);
  await lifecycle.stop();
} else {
  say({ ready: storage.description });
  await Promise.all(Array.from({ length: Number(writers) }, (_, index) => write(storage, index)));
}

/** Appends until it is killed. Every fourth unit takes the road of those with wakes. */
async function write({ store }: Storage, index: number): Promise<never> {
  const run = newId() as RunId;
  await store.runs.create({ run, tenant, events: [encode({ run, seq: 1 })] });
  const taken = (await store.runs.take(run))!;
  const { epoch } = taken;
  let { head } = taken;
  say({ run, epoch });
  for (let count = 0; ; count++) {
    const entry = newId() as EntryId;
    const events = [encode({ run, seq: head + 1 }), encode({ run, seq: head + 2 })];
    const outcome = await store.commit({
      append: { run, epoch, head, events },
      entries: [{ id: entry, tenant, bytes: encode({ entry }) }],
      ...((count + index) % 4 === 0 ? { wakes: [{ run, tenant }] } : {}),
    });
    if (outcome.kind !== "committed") throw new Error(JSON.stringify(outcome));
    head = outcome.head!;
    say({ run, head, entry });
  }
}

async function dump({ store }: Storage, run: RunId): Promise<void> {
  const events = await store.runs.read(run, { after: 0, limit: 100_000 });
  say({
    run,
    head: (await store.runs.get(run))?.head,
    events: events.map(({ seq, payload }) => [seq, decode(payload)]),
  });
  if (run !== runs.at(-1)) return;
  const ids: string[] = [];
  for (let after = 0n; ;) {
    const page = await store.entries.page(tenant, { after, limit: 1_000 });
    if (page.length === 0) break;
    ids.push(...page.map(({ id }) => id));
    after = page.at(-1)!.cursor;
  }
  say({ entries: ids });
}
