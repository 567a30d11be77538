import { hash } from "node:crypto";
import { realpath } from "node:fs/promises";
import path from "node:path";
import { createLedger, type Ledger } from "../ledger/ledger.ts";
import { createLedgerKeys } from "../ledger/ledger-keys.ts";
import { startSequencer } from "../ledger/sequencer.ts";
import type { Config } from "../model/config.ts";
import { Fault } from "../model/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Openings } from "../ports/openings.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Store } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { FlushingRecorder } from "../gate/record.ts";
import { keepCheckpoints } from "./keep-checkpoints.ts";
import { readKeyRing } from "./key-rings.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Presence } from "./presence.ts";

export interface StartLedgerOptions {
  readonly config: Config;
  /** Of countersign.yaml. */
  readonly directory: string;
  readonly configDirectory: string;
  readonly store: Store;
  readonly openings: Openings;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly secrets: Secrets;
  /** Of this replica. */
  readonly owner: string;
  readonly recorder: Pick<FlushingRecorder, "flushedBeforeMs">;
  readonly presence: Presence;
  readonly lifecycle: Lifecycle;
}

/** The ledger as this replica reads it, and its sequencer, which writes it where it has the lead. */
export async function startLedger(options: StartLedgerOptions): Promise<Ledger> {
  const { ledger } = await options.lifecycle.start({
    name: "ledger",
    start: () => openLedger(options),
    stop: (started) => started.close(),
  });
  const { presence, owner, recorder } = options;
  presence.begin({ id: owner, flushedBeforeMs: () => recorder.flushedBeforeMs() });
  return ledger;
}

async function openLedger(options: StartLedgerOptions) {
  const { config, store, clock, random, telemetry } = options;
  const keys = await createLedgerKeys({
    installation: config.ledger.name,
    seeds: await readKeyRing("ledger", { ...options, references: config.ledger.signingKeys }),
  });
  const directory = await chooseDirectory(options);
  const checkpoints = await keepCheckpoints({ directory, clock });
  const { entries, calls, approvals, log, replicas } = store;
  const rows = { entries, calls, approvals, log, replicas };
  const parts = { ...rows, keys, checkpoints, clock, random, telemetry };
  const sequencer = startSequencer({ ...parts, owner: options.owner });
  return {
    ledger: createLedger({ ...parts, openings: options.openings }),
    close: () => sequencer.close(),
  };
}

/** Where the database is restored from a backup, what is kept must not be restored with it. */
async function chooseDirectory(options: StartLedgerOptions): Promise<string> {
  const { store, ledger } = options.config;
  const data = store.kind === "embedded" ? path.resolve(options.directory, store.directory) : null;
  const given = ledger.checkpoints;
  const directory =
    given === undefined
      ? path.join(options.configDirectory, "checkpoints", await nameStore(options, data))
      : path.resolve(options.directory, given);
  if (data !== null && (await isInside(directory, data))) {
    throw new Fault(
      "checkpoints_unusable",
      `ledger.checkpoints (${directory}) lies inside the data directory ${data}.`,
      { details: { directory, data } },
    );
  }
  return directory;
}

/** One user may run several installations: each has its own, told apart by where its data lies. */
async function nameStore(
  { config: { store }, secrets }: StartLedgerOptions,
  data: string | null,
): Promise<string> {
  if (data !== null || store.kind === "embedded") return toName(await toReal(data!));
  const text = (await secrets.resolve(store.url)).reveal();
  const url = URL.parse(text);
  // Neither the password nor the user is part of what is named: both may change.
  return toName(url === null ? text : `${url.host}${url.pathname}`);
}

function toName(text: string): string {
  return hash("sha256", `countersign checkpoints\n${text}`, "hex").slice(0, 16);
}

async function isInside(directory: string, data: string): Promise<boolean> {
  const relative = path.relative(await toReal(data), await toReal(directory));
  const isOutside = relative === ".." || relative.startsWith(`..${path.sep}`);
  return !isOutside && !path.isAbsolute(relative);
}

/** Behind symbolic links, as far as the path is there already. */
async function toReal(place: string): Promise<string> {
  try {
    return await realpath(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const parent = path.dirname(place);
    return parent === place ? place : path.join(await toReal(parent), path.basename(place));
  }
}
