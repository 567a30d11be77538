import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { startApi } from "../../src/api/api.ts";
import type { ConsoleFiles } from "../../src/api/console/read-console.ts";
import { createFace } from "../../src/api/mcp/face.ts";
import { createReadiness } from "../../src/api/readiness.ts";
import { createKeyring, hashKey } from "../../src/authority/keyring.ts";
import { createLeases } from "../../src/authority/leases.ts";
import { openFreezeView } from "../../src/authority/freezes.ts";
import { createSealer } from "../../src/authority/sealer.ts";
import { createDeadlines } from "../../src/gate/deadlines.ts";
import { createIndexAges } from "../../src/gate/index-ages.ts";
import { createRandomPool } from "../../src/gate/intent-template.ts";
import { createParkedCalls } from "../../src/gate/parked.ts";
import { createTouching } from "../../src/gate/touching.ts";
import { createRecorder } from "../../src/gate/record.ts";
import { openAsking, type GateBase } from "../../src/main/gate-base.ts";
import { openDesk } from "../../src/main/open-desk.ts";
import { openBroker } from "../../src/main/open-broker.ts";
import { startGate, type RevisionBase } from "../../src/main/gate-parts.ts";
import { startMemory } from "../../src/main/start-memory.ts";
import { startIdentity } from "../../src/main/start-identity.ts";
import { createPolicyDesk } from "../../src/main/policy-desk.ts";
import { configSchema, type Config } from "../../src/model/config.ts";
import { toUuidV7, type TenantId } from "../../src/model/index.ts";
import type { Bus } from "../../src/ports/bus.ts";
import type { Errands } from "../../src/ports/errands.ts";
import type { Sandboxes } from "../../src/ports/sandbox.ts";
import type { RunDesk } from "../../src/ports/run-desk.ts";
import type { Store } from "../../src/ports/store.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { createInMemoryMailbox } from "../../src/ports/in-memory-mailbox.ts";
import { SecretValue, type Secrets } from "../../src/ports/secrets.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { atEnd } from "../at-end.ts";
import { createScriptedConfiguration, noCosts, noRuns } from "../start-api.ts";
import { noLedger } from "../ledger/no-ledger.ts";
import { openPasskeysUnderTest } from "../webauthn/passkeys-under-test.ts";
import { noErrands, noSandboxes } from "../no-sandboxes.ts";

type InMemoryStore = ReturnType<typeof createInMemoryStore>;
type InMemoryVault = ReturnType<typeof createInMemoryVault>;

export const callerKey = "the-key-of-the-caller";
export const otherKey = "the-key-of-another-caller";
/** Of another tenant. */
export const foreignKey = "the-key-of-a-caller-of-another-tenant";
export const approverKey = "the-key-of-the-approver";
/** Of the role `finance` besides. */
export const financeKey = "the-key-of-an-approver-of-finance";
/** Named like the caller. */
export const ownApproverKey = "the-key-of-an-approver-who-is-the-caller";
export const foreignApproverKey = "the-key-of-an-approver-of-another-tenant";
export const adminKey = "the-key-of-the-admin";

export interface GateUnderTest<Kept extends Store = InMemoryStore> {
  readonly url: string;
  readonly store: Kept;
  readonly vault: InMemoryVault;
  readonly base: GateBase;
  readonly gate: Awaited<ReturnType<typeof startGate>>;
  readonly logged: { level: string; message: string; fields?: unknown }[];
  /** Names of counters with their labels, one for each count. */
  readonly counted: string[];
  readonly passkeys: ReturnType<typeof openPasskeysUnderTest>;
  /** Another configuration under the same stores, keys and listener. */
  apply(document: object): Promise<void>;
  /** From now on it is so much later, as far as anybody asks for the time of day. */
  shift(ms: number): void;
  /** Where agents are started that are called as tools; before that nobody starts any. */
  run(desk: RunDesk): void;
}

/** What replicas have in common. */
export interface Under<Kept extends Store> {
  readonly store: Kept;
  readonly vault: InMemoryVault;
  readonly bus: Bus;
  readonly sealingKey: Uint8Array;
  readonly owner: string;
  readonly connectors?: Parameters<typeof startGate>[2] | undefined;
  /** What carries out programs of workbenches; absent: nothing does. */
  readonly errands?: Errands;
  readonly sandboxes?: Sandboxes;
  /** Absent: it was not built. */
  readonly console?: ConsoleFiles;
  /** What references resolve to. */
  readonly values: Readonly<Record<string, string>>;
}

/** The gate and its listener in this process, over stores in memory: all but Postgres is real. */
export function startGateUnderTest(
  document: object,
  connectors?: Parameters<typeof startGate>[2],
  values: Readonly<Record<string, string>> = {},
): Promise<GateUnderTest> {
  const store = createInMemoryStore();
  const vault = createInMemoryVault(systemClock);
  const common = { bus: createInMemoryBus(), sealingKey: systemRandom.bytes(32), owner: "this" };
  return startGateOver({ store, vault, ...common, connectors, values }, document);
}

export async function startGateOver<Kept extends Store>(
  { store, vault, bus, sealingKey, owner, connectors, values, ...given }: Under<Kept>,
  document: object,
): Promise<GateUnderTest<Kept>> {
  const toConfig = (written: object) =>
    configSchema.parse({ version: 1, policy: { rule: "allow-all" }, ...written });
  const config = toConfig(document);
  const logged: GateUnderTest["logged"] = [];
  const counted: string[] = [];
  const telemetry = {
    count: (metric: string, labels: object = {}) =>
      void counted.push([metric, ...Object.values(labels)].join(" ")),
    observe: () => undefined,
    gauge: () => undefined,
    log: (level: string, message: string, fields?: unknown) =>
      void logged.push({ level, message, fields }),
  };
  const random = systemRandom;
  let shiftMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shiftMs };
  const pool = createRandomPool((length) => random.bytes(length));
  const secrets: Secrets = {
    resolve: async (reference) => {
      if (Object.hasOwn(values, reference)) return new SecretValue(values[reference]!);
      throw new Error("no secrets here");
    },
  };
  // With a public URL there are tokens, which name it: then it is where the server is.
  const port = Number(new URL(config.publicUrl ?? "http://127.0.0.1:0").port);
  const listen = { host: "127.0.0.1", port };
  const sealer = createSealer([sealingKey], random);
  const now = {
    config: () => config,
    url: () => "http://localhost",
    announce: () => undefined,
  };
  const asking = await openAsking({ vault, random, store, bus, clock, telemetry, now });
  const { openings, hashes } = asking;
  const toId = (): string => toUuidV7(clock.nowMs(), pool(10));
  const touching = createTouching({ touches: store.touches, hashes, clock, telemetry, toId });
  let runs: RunDesk | null = null;
  const { errands = noErrands, sandboxes = noSandboxes } = given;
  const base: GateBase = {
    ...asking,
    store,
    bus,
    clock,
    random,
    telemetry,
    secrets,
    ...openBroker({ vault, secrets, clock, random, listen }),
    version: "0.0.0",
    directory: import.meta.dirname,
    baseEnvironment: { PATH: process.env["PATH"] ?? "" },
    sandboxes,
    errands,
    sealer,
    mailbox: { ...createInMemoryMailbox(), close: async () => undefined },
    owner,
    parked: createParkedCalls({
      clock,
      max: 100,
      parkMs: config.gate.parkTime,
      onCount: () => undefined,
      onLost: () => Promise.resolve(),
    }),
    recorder: touching.record(
      createRecorder({ store, clock, telemetry, random: pool, mode: "sync", openings }),
    ),
    touching,
    deadlines: createDeadlines(clock),
    indexAges: createIndexAges({ clock, telemetry }),
    freezes: await openFreezeView({ rows: store.freezes, bus, clock, telemetry }),
    leases: createLeases({ rows: store.spendings, clock }),
    pool,
    runs: () => {
      if (runs === null) throw new Error("no runs here");
      return runs;
    },
  };
  const keyring = createKeyring([
    { id: "caller", role: "caller", sha256: hashKey(callerKey) },
    { id: "other", role: "caller", sha256: hashKey(otherKey), roles: ["other"] },
    { id: "foreign", role: "caller", sha256: hashKey(foreignKey), tenant: "foreign" as TenantId },
    { id: "approver", role: "approver", sha256: hashKey(approverKey) },
    { id: "fin", role: "approver", sha256: hashKey(financeKey), roles: ["finance"] },
    { id: "caller", role: "approver", sha256: hashKey(ownApproverKey), roles: ["finance"] },
    {
      id: "abroad",
      role: "approver",
      sha256: hashKey(foreignApproverKey),
      tenant: "foreign" as TenantId,
    },
    { id: "admin", role: "admin", sha256: hashKey(adminKey) },
  ]);
  const configDirectory = config.publicUrl === undefined ? "" : makeTemporary();
  const known = { keyring, listen, configDirectory, secrets: base.secrets };
  const identified = await startIdentity(config, { ...known, clock, random, telemetry });
  const { agents } = identified.identity;
  const start = (of: typeof config) => startWithMemory(of, { ...base, agents }, connectors);
  const gates = [await start(config)];
  const [gate] = gates as [(typeof gates)[0]];
  const current = () => gates.at(-1)!;
  const retiring: Promise<void>[] = [];
  const exchange: (typeof gate)["gate"]["exchange"] = (request) => current().gate.exchange(request);
  const face = createFace({
    gate: { exchange },
    watch: gate.watch,
    catalog: () => current().registry.catalog(),
    sealer,
    owner: base.owner,
    mailbox: base.mailbox,
    bus: base.bus,
    clock,
    random,
    telemetry,
    version: "0.0.0",
    limits: () => ({ bodyBytes: config.limits.bodySize, callMs: 60_000 }),
  });
  const passkeysUnderTest = openPasskeysUnderTest(null);
  const { passkeys } = passkeysUnderTest;
  const server = await startApi({
    version: "0.0.0",
    node: process.version,
    configuration: createScriptedConfiguration({}),
    vault,
    console: given.console ?? null,
    sandboxes: noSandboxes,
    broker: base.broker,
    sourceOf: (tenant, name) => base.sources.of(tenant, name),
    freezes: store.freezes,
    onFreeze: async () => undefined,
    onSecret: async () => undefined,
    passkeys,
    ...openDesk({ ...base, passkeys, catalog: () => current().registry.catalog() }),
    ledger: noLedger,
    runs: noRuns,
    costs: noCosts(),
    agents: () => ({}),
    a2a: { agents: () => ({}), keys: () => null, url: () => "http://localhost" },
    models: () => {
      throw new Error("no models here");
    },
    completions: () => {
      throw new Error("no models here");
    },
    bundles: () => {
      throw new Error("no bundles here");
    },
    policy: createPolicyDesk({
      pins: store.pins,
      clock,
      tenant: "default" as TenantId,
      serving: () => config,
    }),
    readiness: createReadiness(clock, []),
    metrics: async () => ({ contentType: "text/plain", text: "" }),
    listen,
    headerBytes: 16_384,
    clock,
    random,
    telemetry,
    face,
    registry: () => current().registry,
    gate: { exchange },
    identity: () => identified.identity,
    limits: () => ({
      allowedHosts: [],
      allowedOrigins: [],
      bodyBytes: config.limits.bodySize,
      concurrentRequests: 256,
      queuedRequests: 256,
      openStreams: 1_024,
      requestDeadlineMs: Math.min(30_000, config.limits.requestDeadline),
    }),
  });
  atEnd(async () => {
    await server.drain(0);
    identified.close();
    await current().close();
    await Promise.all(retiring);
    await base.parked.close();
    await base.recorder.close();
    await base.freezes.close();
  });
  return {
    url: `${server.url}/mcp`,
    store,
    vault,
    base,
    gate,
    logged,
    counted,
    passkeys: passkeysUnderTest,
    async apply(next) {
      const old = current();
      gates.push(await start(toConfig(next)));
      retiring.push(old.close());
      const { registry } = current();
      await Promise.all(
        [...registry.catalog().servers.keys()].map((name) => registry.refresh(name)),
      );
    },
    shift: (ms) => void (shiftMs += ms),
    run: (desk) => void (runs = desk),
  };
}

/** As a revision starts them. */
async function startWithMemory(
  config: Config,
  base: RevisionBase,
  connectors: Parameters<typeof startGate>[2],
) {
  const memory = config.memory === undefined ? null : startMemory(config.memory, base);
  const gate = await startGate(config, { ...base, memory: memory?.connector ?? null }, connectors);
  return {
    ...gate,
    async close() {
      await gate.close();
      await memory?.close();
    },
  };
}

function makeTemporary(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-keys-"));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Until every server has been listed once or is down. */
export async function whenListed({ gate }: GateUnderTest): Promise<void> {
  const { servers } = gate.registry.catalog();
  await Promise.all([...servers.keys()].map((name) => gate.registry.refresh(name)));
}
