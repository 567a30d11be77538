import { expect, onTestFinished, test } from "vitest";
import {
  createRevisions,
  createScene,
  startReplica,
} from "../../test/configuration/start-configuration.ts";
import { configSchema } from "../model/config.ts";
import { Fault, type TenantId } from "../model/index.ts";
import { createInMemoryBus } from "../ports/in-memory-bus.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { listStored, readVersions, secretsChannel, watchStored } from "./stored-secrets.ts";

const tenant = "default" as TenantId;

test("references to stored secrets are found wherever they stand, each once", () => {
  const config = configSchema.parse({
    version: 1,
    auth: { adminKey: "secret://admin", sealingKeys: ["env://A", "secret://seal"] },
    servers: {
      a: {
        transport: "http",
        url: "https://a.example.com/mcp",
        headers: {
          authorization: { secret: "secret://token" },
          other: { secret: "secret://admin" },
        },
      },
    },
  });
  expect(listStored(config)).toEqual(["admin", "seal", "token"]);
  expect(listStored(configSchema.parse({ version: 1 }))).toEqual([]);
});

async function scene(names: readonly string[]) {
  const { secrets: rows } = createInMemoryStore();
  const bus = createInMemoryBus();
  const clock = createManualClock(1_000);
  const telemetry = createInMemoryTelemetry();
  const read = (asked: readonly string[]) => readVersions({ rows, tenant }, asked);
  const state = {
    serving: await read(names),
    restarts: 0,
    reason: null as string | null,
    reads: 0,
  };
  const stop = await watchStored({
    bus,
    clock,
    telemetry,
    serving: () => state.serving,
    read: (asked) => {
      state.reads += 1;
      return read(asked);
    },
    restart: async () => {
      state.restarts += 1;
      if (state.reason === null) state.serving = await read(names);
      return state.reason;
    },
  });
  onTestFinished(stop);
  const write = (name: string, version: number, writtenAtMs = version) => {
    const key = { tenant, name, subject: null };
    const bytes = new Uint8Array();
    const row = {
      ...key,
      version,
      hosts: [],
      sealed: bytes,
      wrapped: bytes,
      keyId: "k",
      writtenAtMs,
    };
    return rows.change(key, async () => row);
  };
  const remove = (name: string) => rows.remove({ tenant, name, subject: null });
  /** Long enough for what a message sets off. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  return { bus, clock, telemetry, state, write, remove, settle };
}

test("a secret that is written, written again or removed has the parts start anew, once each", async () => {
  const { bus, state, write, remove, settle } = await scene(["token"]);
  const steps = [
    () => write("token", 1),
    () => write("token", 2),
    () => remove("token"),
    // The same version as once before is another value.
    () => write("token", 2, 99),
  ];
  for (const [index, step] of steps.entries()) {
    await step();
    await bus.publish(secretsChannel, "token");
    await bus.publish(secretsChannel, "token");
    await settle();
    expect(state.restarts).toBe(index + 1);
  }
  // A lost hint is made up for by the poll, and a poll without news does nothing.
  await write("token", 7);
  bus.interrupt();
  await settle();
  bus.interrupt();
  await settle();
  expect(state.restarts).toBe(5);
});

test("what the configuration does not refer to is not even looked for", async () => {
  const { bus, state, write, settle } = await scene([]);
  await write("token", 1);
  await bus.publish(secretsChannel, "token");
  await settle();
  expect(state).toMatchObject({ restarts: 0, reads: 0 });
});

test("parts that do not start are tried again after a while, or when it changes again", async () => {
  const { bus, clock, state, telemetry, write, settle } = await scene(["token"]);
  const poll = async (): Promise<void> => {
    bus.interrupt();
    await settle();
  };
  state.reason = "secret_unresolved: no";
  await write("token", 1);
  await poll();
  await poll();
  expect(state.restarts).toBe(1);
  expect(telemetry.lines.join()).toContain("what was read before still is");
  await write("token", 2);
  await poll();
  expect(state.restarts).toBe(2);
  clock.advance(30_000);
  state.reason = null;
  await poll();
  await poll();
  expect(state.restarts).toBe(3);
});

test("a restart swaps the parts of the same revision, or leaves them", async () => {
  const replica = createScene();
  const { revisions } = createRevisions();
  const configuration = await startReplica(replica, { document: "version: 1\n", revisions });
  const digest = configuration.current().digest;
  expect(await configuration.restart()).toBeNull();
  expect(configuration.live().parts).toBe(replica.parts[1]);
  await expect.poll(() => replica.parts.map(({ running }) => running)).toEqual([false, true]);
  replica.startFault = new Fault("secret_unresolved", "it is gone");
  expect(await configuration.restart()).toBe("secret_unresolved: it is gone");
  expect(configuration.live().parts).toBe(replica.parts[1]);
  expect(replica.parts[1]!.running).toBe(true);
  expect([configuration.current().digest, (await revisions.list(9)).length]).toEqual([digest, 1]);
  await configuration.close();
  expect(await configuration.restart()).toBeNull();
  expect(replica.parts).toHaveLength(2);
});
