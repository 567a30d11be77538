import { startApi } from "../api/api.ts";
import { createFace, type Face } from "../api/mcp/face.ts";
import { createReadiness } from "../api/readiness.ts";
import { createLiveWatch } from "../gate/live-watch.ts";
import { openMailbox } from "../gate/mailbox.ts";
import { toUuidV7, type TenantId } from "../model/index.ts";
import type { ServeEvent } from "../cli/context.ts";
import type { ListenAddress } from "../model/config-field.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { SecretMaterial, Vault } from "../ports/vault.ts";
import type { LogLevel, Telemetry } from "../ports/telemetry.ts";
import { openConfiguration, type LiveConfiguration } from "./configuration.ts";
import { freezeChannel } from "../authority/freezes.ts";
import { openGateBase, type GateBase } from "./gate-base.ts";
import { createDocumentCheck } from "./document-check.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { toListenerTls } from "./listener-tls.ts";
import { openDesk } from "./open-desk.ts";
import { openPasskeys, type OpenedPasskeys } from "./open-passkeys.ts";
import { toBrowserUrl, type Now } from "./now.ts";
import { createPolicyDesk } from "./policy-desk.ts";
import { startPresence } from "./presence.ts";
import type { StartConfig } from "./read-config.ts";
import { startRevisionParts, type RevisionParts } from "./revision-parts.ts";
import { listStored, readVersions, secretsChannel, watchStored } from "./stored-secrets.ts";
import { startLedger } from "./start-ledger.ts";
import { listVaultKeys, startVault } from "./start-vault.ts";
import { startWebhooks } from "./start-webhooks.ts";
import { startStorage, type Storage } from "./storage.ts";

export interface ServerOptions {
  readonly start: StartConfig;
  readonly listen: ListenAddress;
  readonly version: string;
  readonly configDirectory: string;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Without `readStored` for what is needed before the vault is open. */
  readonly toSecrets: (readStored: ReadStored | null) => Secrets;
  /** What programs that we start get of our environment. */
  readonly forPrograms: Readonly<Record<string, string>>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
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
}

/** The parts in the order in which they need each other; they are stopped the other way round. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { lifecycle, start } = options;
  const storage = await startStorage({
    ...options,
    secrets: options.toSecrets(null),
    store: start.config.store,
    directory: start.directory,
  });
  const { vault, secrets } = await openVault(options, storage);
  const live: Live = { configuration: null, url: null, announce: () => undefined };
  const now: Now = {
    config: () => live.configuration?.live().config ?? start.config,
    url: () => now.config().publicUrl ?? live.url ?? "http://localhost",
    announce: (event) => live.announce(event),
  };
  const presence = await startPresence(options, storage.store.replicas);
  const base = await lifecycle.start({
    name: "gate",
    start: () => startGateBase({ ...options, now }, storage, { vault, secrets }),
    stop: (started) => started.close(),
  });
  const ledger = await startLedger({ ...options, ...start, ...base, presence });
  const configuration = await startConfiguration(options, storage, base);
  live.configuration = configuration;
  live.announce = await startWebhooks({ ...options, ...base, now, configuration });
  const drainTimeMs = () => configuration.live().config.limits.drainTime;
  const face = createDoorFace(options, { configuration, base });
  await startLetters(options, { configuration, base, face });
  const passkeys = openPasskeys(base, () => configuration.live().config.publicUrl);
  let cut = false;
  const api = await lifecycle.start({
    name: "api",
    start: () =>
      startDoor(options, { storage, configuration, face, vault, base, passkeys, ledger }),
    stop: async (started) => {
      cut = (await started.drain(drainTimeMs())) === "cut";
    },
    stopWithinMs: apiStopWithinMs,
  });
  passkeys.listensAt(api.url);
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
    drainTimeMs,
    logLevel: () => configuration.live().config.log.level,
    wasCut: () => cut,
  };
}

/** Until there are tenants in the configuration, there is one. */
const tenant = "default" as TenantId;

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
  const secrets = options.toSecrets((name) => vault.read({ tenant, name, subject: null }));
  return { vault, secrets };
}

async function startConfiguration(options: ServerOptions, storage: Storage, base: GateBase) {
  const { lifecycle, start, clock, telemetry } = options;
  const rows = storage.store.secrets;
  const configuration = await lifecycle.start({
    name: "configuration",
    start: () =>
      openConfiguration<RevisionParts>({
        document: start.document,
        check: createDocumentCheck({ pins: storage.store.pins, tenant }),
        start: (config) =>
          startRevisionParts(config, {
            ...options,
            secrets: base.secrets,
            base,
            readVersions: (read) => readVersions({ rows, tenant }, listStored(read)),
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
        read: (names) => readVersions({ rows, tenant }, names),
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

interface Behind {
  readonly vault: Vault;
  readonly storage: Storage;
  readonly configuration: LiveConfiguration<RevisionParts>;
  readonly face: Face;
  readonly base: GateBase;
  readonly passkeys: OpenedPasskeys;
  readonly ledger: Ledger;
}

async function startGateBase(
  options: ServerOptions & { readonly now: Now },
  { store, bus }: Storage,
  { vault, secrets }: { readonly vault: Vault; readonly secrets: Secrets },
) {
  const { start, forPrograms, clock, random, telemetry } = options;
  const toId = (): string => toUuidV7(clock.nowMs(), random.bytes(10));
  return openGateBase({
    ...options,
    vault,
    secrets,
    store,
    bus,
    config: start.config,
    directory: start.directory,
    baseEnvironment: forPrograms,
    mailbox: await openMailbox({ letters: store.letters, bus, clock, telemetry, toId }),
  });
}

/** The longest that a tool may be given; its own bound is shorter. */
const callMs = 3_600_000;

function createDoorFace(
  options: ServerOptions,
  {
    configuration,
    base,
  }: { readonly configuration: Behind["configuration"]; readonly base: GateBase },
): Face {
  const { clock, random, telemetry, version } = options;
  const gate = () => configuration.live().parts.gate;
  return createFace({
    gate: { exchange: (request) => gate().gate.exchange(request) },
    watch: createLiveWatch(() => gate().watch),
    catalog: () => gate().registry.catalog(),
    sealer: base.sealer,
    owner: base.owner,
    mailbox: base.mailbox,
    bus: base.bus,
    limits: () => ({
      bodyBytes: configuration.live().parts.limits.bodyBytes,
      callMs,
    }),
    clock,
    random,
    telemetry,
    version,
  });
}

function startDoor(options: ServerOptions, behind: Behind) {
  const { storage, configuration, face, vault, base, passkeys, ledger } = behind;
  const { clock, random, telemetry, listen, version, metrics } = options;
  return startApi({
    listen,
    headerBytes: options.start.config.limits.headerSize,
    ...toListenerTls(options.start.config, base.secrets),
    version,
    node: process.version,
    clock,
    random,
    telemetry,
    metrics,
    configuration,
    vault,
    broker: base.broker,
    passkeys,
    ledger,
    sourceOf: (asked, server) => base.sources.of(asked, server),
    freezes: storage.store.freezes,
    ...openDesk({
      ...base,
      passkeys,
      catalog: () => configuration.live().parts.gate.registry.catalog(),
    }),
    onFreeze: async () => {
      await base.freezes.refresh();
      await storage.bus.publish(freezeChannel, "");
    },
    onSecret: (name) => storage.bus.publish(secretsChannel, name),
    policy: createPolicyDesk({
      pins: storage.store.pins,
      clock,
      tenant,
      serving: () => configuration.live().config,
      catalog: () => configuration.live().parts.gate.registry.catalog(),
    }),
    face,
    registry: () => configuration.live().parts.gate.registry,
    models: () => configuration.live().parts.models,
    gate: { exchange: (request) => configuration.live().parts.gate.gate.exchange(request) },
    identity: () => configuration.live().parts.identity,
    limits: () => configuration.live().parts.limits,
    readiness: openReadiness(clock, storage),
  });
}

function openReadiness(clock: Clock, { store, wake }: Storage) {
  return createReadiness(clock, [
    {
      name: "store",
      check: async () => {
        await store.revisions.current();
        return null;
      },
    },
    {
      name: "wake",
      check: async () => {
        await wake.depth();
        return null;
      },
    },
  ]);
}
