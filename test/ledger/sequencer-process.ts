import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../../src/adapters/system/system-random.ts";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import { startSequencer } from "../../src/ledger/sequencer.ts";
import { keepCheckpoints } from "../../src/main/keep-checkpoints.ts";
import { toUuidV7 } from "../../src/model/index.ts";
import type { Telemetry } from "../../src/ports/telemetry.ts";
import { createTestKeys } from "./ledger-scene.ts";

// A sequencer and nothing else, until it is killed.
const [url, directory] = process.argv.slice(2);
const telemetry: Telemetry = {
  count: () => undefined,
  observe: () => undefined,
  gauge: () => undefined,
  log: (level, message, fields) => {
    if (level === "error") process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
    if (message === "this replica writes the ledger") process.stdout.write("leading\n");
  },
};
const store = await openPostgresStore({ url: url!, clock, random, telemetry });
const { entries, log, replicas } = store;
startSequencer({
  entries,
  log,
  replicas,
  clock,
  random,
  telemetry,
  keys: await createTestKeys(),
  checkpoints: await keepCheckpoints({ directory: directory!, clock }),
  owner: toUuidV7(clock.nowMs(), random.bytes(10)),
});
process.stdout.write("ready\n");
