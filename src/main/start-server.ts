import { openMailbox } from "../gate/mailbox.ts";
import { Fault, toUuidV7 } from "../model/index.ts";
import type { ServeEvent } from "../cli/context.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { SecretMaterial, Vault } from "../ports/vault.ts";
import type { LogLevel } from "../ports/telemetry.ts";
import { startRecentCalls } from "../sight/recent-calls.ts";
import { openConfiguration, type LiveConfiguration } from "./configuration.ts";
import { openErrands } from "./open-errands.ts";
import { listHidden, openSandboxes } from "./open-sandboxes.ts";
import { openGateBase, type GateBase, type GateBaseOptions } from "./gate-base.ts";
import { createDocumentCheck } from "./document-check.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { openPasskeys } from "./open-passkeys.ts";
import { toBrowserUrl, type Now } from "./now.ts";
import { ownTenant } from "./own-tenant.ts";
import { startPresence } from "./presence.ts";
import { createFilesReading } from "./fill-config.ts";
import { createSkillShelf } from "./skill-shelf.ts";
import { startRevisionParts, type RevisionParts } from "./revision-parts.ts";
import { listStored, readVersions, watchStored } from "./stored-secrets.ts";
import { startLedger } from "./start-ledger.ts";
import { listVaultKeys, startVault } from "./start-vault.ts";
import { startWebhooks } from "./start-webhooks.ts";
import { startRuns } from "./start-runs.ts";
import { startTelemetry, type OwnWords } from "./start-telemetry.ts";
import { startTraces } from "./start-traces.ts";
import { startStorage, type Storage } from "./storage.ts";
import { createDoorFace, startDoor, type Behind, type DoorOptions } from "./start-door.ts";

export interface ServerOptions extends DoorOptions, OwnWords {
  readonly configDirectory: string;
  readonly lifecycle: Lifecycle;
  /** Without `readStored` for what is needed before the vault is open. */
  readonly toSecrets: (readStored: ReadStored | null) => Secrets;
  /** What programs that we start get of our environment. */
  readonly forPrograms: Readonly<Record<string, string>>;
  readonly sandboxesDirectory: string;
}

type ReadStored = (name: string) => Promise<SecretMaterial | null>;

type Ready = Extract<ServeEvent, { event: "ready" }>;

export interface Server {
  readonly description: Pick<Ready, "url" | "store" | "revision" | "keys">;
  readonly drainTimeMs: () => number;
  readonly logLevel: () => LogLevel;
  /** Whether requests were cut at the end of the drain time. */
  readonly wasCut: () => boolean;
}

/** Drain times are at most ten minutes (the schema says so); the rest is closing sockets. */
const apiStopWithinMs = 10 * 60_000 + 10_000;

/** What parts that start early look up in those that start late. */
interface Live {
  configuration: LiveConfiguration<RevisionParts> | null;
  url: string | null;
  announce: Now["announce"];
  runs: RunDesk | null;
}

/** The parts in the order in which they need each other; they are stopped the other way round. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { lifecycle, start } = options;
  const storage = await startStorage({
    ...options,
    secrets: options.toSecrets(null),
    store: start.config.store,
    keepRunsMs: start.config.runs.keep,
    directory: start.directory,
  });
  const { vault, secrets } = await openVault(options, storage);
  const live: Live = { configuration: null, url: null, announce: () => undefined, runs: null };
  const now: Now = {
    config: () => live.configuration?.live().config ?? start.config,
    url: () => now.config().publicUrl ?? live.url ?? "http://localhost",
    announce: (event) => live.announce(event),
  };
  const presence = await startPresence(options, storage.store.replicas);
  const gate = { ...options, now, redact: toRedact(live), runs: () => toRuns(live) };
  const base = await lifecycle.start({
    name: "gate",
    start: () => startGateBase(gate, storage, { vault, secrets }),
    stop: (started) => started.close(),
  });
  const ledger = await startLedger({ ...options, ...start, ...base, presence });
  const configuration = await startConfiguration(options, storage, base);
  live.configuration = configuration;
  await startTelemetry({ ...options, base, configuration });
  live.announce = await startWebhooks({ ...options, ...base, now, configuration });
  const runs = await startRuns({
    lifecycle,
    config: start.config,
    storage,
    base,
    configuration,
    announce: now.announce,
  });
  live.runs = runs;
  await startTraces({ lifecycle, base, configuration, runs });
  const behind = { storage, configuration, vault, base, ledger, runs, url: now.url };
  const api = await openDoor(options, behind);
  live.url = toBrowserUrl(api.url);
  await lifecycle.start({
    name: "announcement",
    start: async () => storage.lock?.announce(api.url),
  });
  const { revision, parts } = configuration.live();
  return {
    description: {
      url: api.url,
      store: storage.description,
      revision: revision.digest,
      keys: parts.keys,
    },
    drainTimeMs: () => configuration.live().config.limits.drainTime,
    logLevel: () => configuration.live().config.log.level,
    wasCut: api.wasCut,
  };
}

/** By the secrets of the revision that serves; before the first one nothing is known, and nothing is called. */
function toRedact(live: Live): (text: string) => string {
  return (text) => live.configuration?.live().parts.traces.scan.redact(text) ?? text;
}

/** Everything behind it stands: what clients, browsers and other replicas reach is started last. */
async function openDoor(
  options: ServerOptions,
  behind: Omit<Behind, "face" | "passkeys" | "recentCalls">,
) {
  const { configuration, base } = behind;
  const face = createDoorFace(options, { configuration, base });
  await startLetters(options, { configuration, base, face });
  const recentCalls = await options.lifecycle.start({
    name: "recent calls",
    start: async () => startRecentCalls(options),
    stop: (started) => started.stop(),
  });
  const passkeys = openPasskeys(base, () => configuration.live().config.publicUrl);
  let cut = false;
  const { url } = await options.lifecycle.start({
    name: "api",
    start: () => startDoor(options, { ...behind, face, passkeys, recentCalls }),
    stop: async (started) => {
      cut = (await started.drain(configuration.live().config.limits.drainTime)) === "cut";
    },
    stopWithinMs: apiStopWithinMs,
  });
  passkeys.listensAt(url);
  return { url, wasCut: () => cut };
}

/** Runs are made after the gate; a call of theirs that comes before they are told is made again. */
function toRuns({ runs }: Live): RunDesk {
  if (runs !== null) return runs;
  throw new Fault("draining", "Runs cannot be started yet.");
}

async function openVault(options: ServerOptions, { store }: Storage) {
  const { vault } = await options.lifecycle.start({
    name: "vault",
    start: () =>
      startVault({
        ...options,
        references: listVaultKeys(options.start.config),
        secrets: options.toSecrets(null),
        rows: store.secrets,
      }),
    stop: (started) => started.close(),
  });
  const secrets = options.toSecrets((name) =>
    vault.read({ tenant: ownTenant, name, subject: null }),
  );
  return { vault, secrets };
}

async function startConfiguration(options: ServerOptions, storage: Storage, base: GateBase) {
  const { lifecycle, start, clock, telemetry } = options;
  const rows = storage.store.secrets;
  const shelf = createSkillShelf();
  const configuration = await lifecycle.start({
    name: "configuration",
    start: () =>
      openConfiguration<RevisionParts>({
        document: start.document,
        check: createDocumentCheck({ pins: storage.store.pins, tenant: ownTenant }),
        fill: createFilesReading({
          directory: start.directory,
          shelf,
          onWarnings: (findings) => telemetry.log("warn", "skills have faults", { findings }),
        }),
        start: (config) =>
          startRevisionParts(config, {
            ...options,
            secrets: base.secrets,
            base,
            shelf,
            readVersions: (read) => readVersions({ rows, tenant: ownTenant }, listStored(read)),
          }),
        revisions: storage.store.revisions,
        bus: storage.bus,
        clock,
        telemetry,
      }),
    stop: (started) => started.close(),
    stopWithinMs: apiStopWithinMs,
  });
  await lifecycle.start({
    name: "stored secrets",
    start: () =>
      watchStored({
        bus: storage.bus,
        clock,
        telemetry,
        serving: () => configuration.live().parts.stored,
        read: (names) => readVersions({ rows, tenant: ownTenant }, names),
        restart: () => configuration.restart(),
      }),
    stop: (stop) => stop(),
  });
  return configuration;
}

/** What other replicas ask about calls that this one holds. */
async function startLetters(
  { lifecycle }: ServerOptions,
  { base, face, configuration }: Pick<Behind, "face" | "configuration"> & { base: GateBase },
): Promise<void> {
  await lifecycle.start({
    name: "letters",
    start: () =>
      base.mailbox.open(base.owner, async (letter, signal) =>
        letter.kind === "heard"
          ? face.hear(letter)
          : configuration.live().parts.gate.gate.takeLetter(letter, signal),
      ),
    stop: async (close) => {
      await close();
      // What waits for a person would keep its connections, and so the configuration, open.
      await base.parked.close();
    },
  });
}

async function startGateBase(
  options: ServerOptions & Pick<GateBaseOptions, "now" | "redact" | "runs">,
  { store, bus }: Storage,
  { vault, secrets }: { readonly vault: Vault; readonly secrets: Secrets },
) {
  const { start, forPrograms, clock, random, telemetry } = options;
  const toId = (): string => toUuidV7(clock.nowMs(), random.bytes(10));
  const sandboxes = await openSandboxes({
    ...options,
    hidden: listHidden({ ...options, ...start }),
  });
  return openGateBase({
    ...options,
    vault,
    secrets,
    store,
    bus,
    config: start.config,
    directory: start.directory,
    baseEnvironment: forPrograms,
    sandboxes,
    errands: openErrands({ sandboxes, clock, telemetry }),
    mailbox: await openMailbox({ letters: store.letters, bus, clock, telemetry, toId }),
  });
}
