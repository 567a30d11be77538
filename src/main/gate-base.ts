import { openApprovals, type OpenApprovals } from "../authority/approvals.ts";
import { createOpenings, createSealedBytes } from "../authority/openings.ts";
import { createSealer } from "../authority/sealer.ts";
import { createTenantHash, createTenantKeys } from "../authority/tenant-keys.ts";
import { createCallLog } from "../gate/call-log.ts";
import { createDeadlines, type Deadlines } from "../gate/deadlines.ts";
import { settleParked } from "../gate/ending.ts";
import { createIndexAges, type IndexAges } from "../gate/index-ages.ts";
import { createRandomPool } from "../gate/intent-template.ts";
import { watchOverdue } from "../gate/overdue-calls.ts";
import { createParkedCalls, type ParkedCalls } from "../gate/parked.ts";
import { createRecorder, type FlushingRecorder } from "../gate/record.ts";
import { createTouching, type TouchingCalls } from "../gate/touching.ts";
import type { LineLog } from "../lib/line-log.ts";
import { toUuidV7 } from "../model/index.ts";
import type { Config } from "../model/config.ts";
import { createLeases, type Leases } from "../authority/leases.ts";
import { openFreezeView, type FreezeView } from "../authority/freezes.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import { isLogged } from "../ports/log-line.ts";
import type { Mailbox } from "../ports/mailbox.ts";
import type { Errands } from "../ports/errands.ts";
import type { Openings, SealedBytes } from "../ports/openings.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";
import type { Random } from "../ports/random.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import type { Sealer } from "../ports/sealer.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Sandboxes } from "../ports/sandbox.ts";
import type { Store } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Vault } from "../ports/vault.ts";
import type { ListenAddress } from "../model/config-field.ts";
import { readKeyRing } from "./key-rings.ts";
import type { Now } from "./now.ts";
import { openBroker, type OpenedBroker } from "./open-broker.ts";

/** What of the gate outlives a revision: a call that is parked, an entry that is not written yet. */
export interface GateBase extends OpenedBroker {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly secrets: Secrets;
  readonly version: string;
  /** Of countersign.yaml. */
  readonly directory: string;
  readonly baseEnvironment: Readonly<Record<string, string>>;
  readonly sandboxes: Sandboxes;
  readonly errands: Errands;
  readonly sealer: Sealer;
  readonly mailbox: Mailbox & { close(): Promise<void> };
  /** Of this replica, since its start. */
  readonly owner: string;
  readonly parked: ParkedCalls;
  /** Lets go of things that calls change: it goes with `touching`. */
  readonly recorder: FlushingRecorder;
  readonly touching: TouchingCalls;
  readonly deadlines: Deadlines;
  readonly indexAges: IndexAges;
  readonly freezes: FreezeView;
  readonly leases: Leases;
  readonly approvals: OpenApprovals;
  readonly openings: Openings;
  readonly sealedBytes: SealedBytes;
  readonly hashes: TenantHash;
  readonly pool: (length: number) => Buffer;
  /** Made after the gate, since runs call through it. */
  readonly runs: () => RunDesk;
}

export interface GateBaseOptions extends Pick<
  GateBase,
  | "store"
  | "bus"
  | "clock"
  | "random"
  | "telemetry"
  | "secrets"
  | "version"
  | "directory"
  | "baseEnvironment"
  | "sandboxes"
  | "errands"
  | "mailbox"
  | "runs"
> {
  readonly config: Config;
  readonly configDirectory: string;
  readonly vault: Vault;
  readonly listen: ListenAddress;
  /** What changes while the server runs. */
  readonly now: Now;
  readonly lines: Pick<LineLog, "later">;
  /** Takes out the secrets that the revision which serves has resolved. */
  readonly redact: (text: string) => string;
}

export async function openGateBase(
  options: GateBaseOptions,
): Promise<GateBase & { close(): Promise<void> }> {
  const { config, configDirectory, store, bus, clock, random, telemetry, secrets } = options;
  const keys = await readKeyRing("sealing", {
    references: config.auth.sealingKeys,
    configDirectory,
    random,
    secrets,
  });
  const pool = createRandomPool((length) => random.bytes(length));
  const asking = await openAsking(options);
  const { approvals } = asking;
  const { recorder, touching } = openRecorder(options, { ...asking, pool });
  const leases = createLeases({ rows: store.spendings, clock });
  const freezes = await openFreezeView({ rows: store.freezes, bus, clock, telemetry });
  const parked = createParkedCalls({
    clock,
    max: config.gate.parked,
    parkMs: config.gate.parkTime,
    onCount: (count) => telemetry.gauge("gate_parked", count, {}),
    onLost: (opened, reason) =>
      settleParked({ clock, telemetry, recorder }, opened, reason).catch((fault) => {
        telemetry.log("error", "the end of a parked call was not recorded", { fault });
      }),
  });
  const overdue = watchOverdueOf(options, pool);
  return {
    ...options,
    ...openBroker(options),
    freezes,
    leases,
    ...asking,
    recorder,
    touching,
    parked,
    pool,
    sealer: createSealer(keys, random),
    owner: toUuidV7(clock.nowMs(), random.bytes(10)),
    ...openTimes(options),
    async close() {
      await options.errands.close();
      await overdue.stop();
      await parked.close();
      await recorder.close();
      await approvals.close();
      await freezes.close();
      await leases.close().catch((fault: unknown) => {
        telemetry.log("warn", "what was left of leased budgets could not be given back", { fault });
      });
      await options.mailbox.close();
    },
  };
}

function openTimes({ clock, telemetry }: Pick<GateBaseOptions, "clock" | "telemetry">) {
  return {
    deadlines: createDeadlines(clock),
    indexAges: createIndexAges({ clock, telemetry }),
  };
}

/** What is recorded of calls, and the things that they take and let go with it. */
function openRecorder(
  options: GateBaseOptions,
  { openings, hashes, pool }: Pick<GateBase, "openings" | "hashes" | "pool">,
) {
  const { store, clock, telemetry, config } = options;
  const toId = (): string => toUuidV7(clock.nowMs(), pool(10));
  const touching = createTouching({ touches: store.touches, hashes, clock, telemetry, toId });
  const { record: mode } = config.gate;
  const onEnded = openCallLog(options);
  const recording = { store, clock, telemetry, random: pool, mode, openings, onEnded };
  const recorder = createRecorder(recording);
  return { recorder: touching.record(recorder), touching };
}

function openCallLog({ now, lines, telemetry, redact }: GateBaseOptions) {
  const level = Object.freeze({ level: "info" } as const);
  const write = (line: string): void => {
    telemetry.count("log_lines", level);
    lines.later(line);
  };
  return createCallLog({
    line: () => (isLogged("info", now.config().log.level) ? write : null),
    which: () => now.config().telemetry.calls,
    isTraced: () => Object.keys(now.config().telemetry.traces.destinations).length > 0,
    redact,
  });
}

/** Far more than clocks of replicas differ by, and than an outcome takes to be written. */
const overdueGraceMs = 60_000;

function watchOverdueOf({ store, clock, telemetry }: GateBaseOptions, random: GateBase["pool"]) {
  return watchOverdue({ store, clock, telemetry, random, graceMs: overdueGraceMs });
}

type AskingOptions = Pick<
  GateBaseOptions,
  "vault" | "random" | "store" | "bus" | "clock" | "telemetry" | "now"
>;

/** What people are asked, and what that is sealed with. */
export async function openAsking({
  vault,
  random,
  store,
  bus,
  clock,
  telemetry,
  now,
}: AskingOptions) {
  const tenantKeys = createTenantKeys(vault, random);
  const openings = createOpenings(tenantKeys, random);
  const sealedBytes = createSealedBytes(tenantKeys, random);
  const hashes = createTenantHash(tenantKeys);
  const approvals = await openApprovals({
    rows: store.approvals,
    openings,
    hashes,
    bus,
    clock,
    random,
    bounds: () => toBounds(now.config()),
    urlOf: (id) => `${now.url()}/approvals/${id}`,
    announce: now.announce,
    telemetry,
  });
  return { approvals, openings, sealedBytes, hashes };
}

function toBounds({ approvals }: Config) {
  return { expireMs: approvals.expire, openPerCaller: approvals.openPerCaller };
}
