import { onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { startApi } from "../../src/api/api.ts";
import { createFace } from "../../src/api/mcp/face.ts";
import { createReadiness } from "../../src/api/readiness.ts";
import { createKeyring, hashKey } from "../../src/authority/keyring.ts";
import { openFreezeView } from "../../src/authority/freezes.ts";
import { createSealer } from "../../src/authority/sealer.ts";
import { createDeadlines } from "../../src/gate/deadlines.ts";
import { createRandomPool } from "../../src/gate/intent-template.ts";
import { createParkedCalls } from "../../src/gate/parked.ts";
import { createRecorder } from "../../src/gate/record.ts";
import type { GateBase } from "../../src/main/gate-base.ts";
import { startGate } from "../../src/main/gate-parts.ts";
import { configSchema } from "../../src/model/config.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { createInMemoryMailbox } from "../../src/ports/in-memory-mailbox.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createScriptedConfiguration } from "../start-api.ts";

export const callerKey = "the-key-of-the-caller";
export const otherKey = "the-key-of-another-caller";

export interface GateUnderTest {
  readonly url: string;
  readonly store: ReturnType<typeof createInMemoryStore>;
  readonly base: GateBase;
  readonly gate: Awaited<ReturnType<typeof startGate>>;
  readonly logged: { level: string; message: string; fields?: unknown }[];
}

/** The gate and its listener in this process, over stores in memory: all but Postgres is real. */
export async function startGateUnderTest(
  document: object,
  connectors?: Parameters<typeof startGate>[2],
): Promise<GateUnderTest> {
  const config = configSchema.parse({ version: 1, policy: { rule: "allow-all" }, ...document });
  const store = createInMemoryStore();
  const logged: GateUnderTest["logged"] = [];
  const telemetry = {
    count: () => undefined,
    observe: () => undefined,
    gauge: () => undefined,
    log: (level: string, message: string, fields?: unknown) =>
      void logged.push({ level, message, fields }),
  };
  const [clock, random] = [systemClock, systemRandom];
  const pool = createRandomPool((length) => random.bytes(length));
  const bus = createInMemoryBus();
  const sealer = createSealer([random.bytes(32)], random);
  const base: GateBase = {
    store,
    bus,
    clock,
    random,
    telemetry,
    secrets: { resolve: () => Promise.reject(new Error("no secrets here")) },
    version: "0.0.0",
    directory: import.meta.dirname,
    baseEnvironment: { PATH: process.env["PATH"] ?? "" },
    sealer,
    mailbox: { ...createInMemoryMailbox(), close: async () => undefined },
    owner: "this",
    parked: createParkedCalls({
      clock,
      max: 100,
      parkMs: config.gate.parkTime,
      onCount: () => undefined,
      onLost: () => Promise.resolve(),
    }),
    recorder: createRecorder({ store, clock, telemetry, random: pool, mode: "sync" }),
    deadlines: createDeadlines(clock),
    freezes: await openFreezeView({ rows: store.freezes, bus, clock, telemetry }),
    pool,
  };
  const gate = await startGate(config, base, connectors);
  const face = createFace({
    gate: gate.gate,
    watch: gate.watch,
    catalog: () => gate.registry.catalog(),
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
  const server = await startApi({
    version: "0.0.0",
    node: process.version,
    configuration: createScriptedConfiguration({}),
    vault: createInMemoryVault(clock),
    freezes: store.freezes,
    onFreeze: async () => undefined,
    onSecret: async () => undefined,
    readiness: createReadiness(clock, []),
    metrics: async () => ({ contentType: "text/plain", text: "" }),
    listen: { host: "127.0.0.1", port: 0 },
    headerBytes: 16_384,
    clock,
    random,
    telemetry,
    face,
    registry: () => gate.registry,
    gate: gate.gate,
    keyring: createKeyring([
      { id: "caller", role: "caller", sha256: hashKey(callerKey) },
      { id: "other", role: "caller", sha256: hashKey(otherKey) },
    ]),
    limits: () => ({
      allowedHosts: [],
      allowedOrigins: [],
      bodyBytes: config.limits.bodySize,
      concurrentRequests: 256,
      queuedRequests: 256,
      openStreams: 1_024,
      requestDeadlineMs: 30_000,
    }),
  });
  onTestFinished(async () => {
    await server.drain(0);
    await gate.close();
    await base.parked.close();
    await base.recorder.close();
    await base.freezes.close();
  });
  return { url: `${server.url}/mcp`, store, base, gate, logged };
}

/** Until every server has been listed once or is down. */
export async function whenListed({ gate }: GateUnderTest): Promise<void> {
  const { servers } = gate.registry.catalog();
  await Promise.all([...servers.keys()].map((name) => gate.registry.refresh(name)));
}
