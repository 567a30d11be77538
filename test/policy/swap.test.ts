import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { openConfiguration } from "../../src/main/configuration.ts";
import { startGate, type GateOfRevision } from "../../src/main/gate-parts.ts";
import { checkAtStart } from "../../src/main/read-document.ts";
import type { Config } from "../../src/model/config.ts";
import type { TenantId } from "../../src/model/index.ts";
import { createMemoryConnector } from "../mcp/fixture-memory.ts";
import { startGateUnderTest } from "../mcp/gate-under-test.ts";
import { makeRequest } from "../made-up-call.ts";
import { scaled } from "../scale.ts";

/** Cedar's own memory, which it does not show: seen when its module is made. */
const seen = vi.hoisted(() => {
  type Memory = { readonly buffer: { readonly byteLength: number } };
  type Instance = new (...given: unknown[]) => { readonly exports: { readonly memory?: Memory } };
  const host = globalThis as unknown as { readonly WebAssembly: { Instance: Instance } };
  const memories: Memory[] = [];
  host.WebAssembly.Instance = class extends host.WebAssembly.Instance {
    constructor(...given: unknown[]) {
      super(...given);
      const { memory } = this.exports;
      if (memory !== undefined) memories.push(memory);
    }
  };
  return { bytes: () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) };
});

const servers = {
  fix: { transport: "stdio", command: ["none"], sandbox: "none", labels: ["untrusted"] },
};

/** Each revision names itself in what it denies, and reads labels, which are fetched in between. */
const toRules = (revision: number): string => `
@id("open-${revision}") permit (principal, action, resource);
@id("rev-${revision}") forbid (principal, action == Action::"fix__counts", resource);
@id("label-${revision}") forbid (principal, action, resource) when { context.labels.contains("confidential") };
`;
const toDocument = (revision: number): string =>
  JSON.stringify({ version: 1, servers, policy: { rules: { own: toRules(revision) } } });

const tenant = "default" as TenantId;
const principal = { tenant, kind: "service", subject: "load", actor: null } as const;

test("each call is decided by one revision, none ends because of the swap, and nothing piles up", async () => {
  const revisions = scaled({ test: 30, prove: 1_000 });
  const memory = createMemoryConnector("modern");
  const connectors = { http: memory, sse: memory, stdio: memory };
  const { base: given, store, logged } = await startGateUnderTest({ servers }, connectors);
  // As a store does that is reached over a network: the swap comes in the middle.
  const slow: typeof store.labels.get = async (...asked) => {
    await systemClock.sleep(3);
    return store.labels.get(...asked);
  };
  const base = { ...given, store: { ...store, labels: { ...store.labels, get: slow } } };
  const start = async (config: Config) => {
    const parts = await startGate(config, base, connectors);
    await parts.registry.refresh("fix");
    return { parts, stop: () => parts.close() };
  };
  const configuration = await openConfiguration<GateOfRevision>({
    document: toDocument(0),
    check: checkAtStart,
    start,
    revisions: store.revisions,
    bus: base.bus,
    clock: systemClock,
    telemetry: base.telemetry,
  });

  let [latest, serving, stopping] = [0, 0, false];
  const counts = { denied: 0, done: 0, beside: 0 };
  async function call(isDenied: boolean): Promise<void> {
    const name = isDenied ? "fix__counts" : "fix__echo";
    const args = isDenied ? {} : { text: "hi" };
    const earliest = serving;
    const answer = await configuration.live().parts.gate.exchange(
      makeRequest({
        principal,
        params: { name, arguments: args },
        argumentsText: JSON.stringify(args),
      }),
    );
    if (answer.kind === "error") throw new Error(JSON.stringify(answer.error));
    const { _meta: meta } = JSON.parse(answer.text) as {
      readonly _meta?: Record<string, { readonly outcome: string; readonly rule: string }>;
    };
    const outcome = meta?.["dev.countersign/outcome"];
    if (!isDenied) {
      expect(outcome).toBeUndefined();
      counts.done += 1;
      return;
    }
    const by = Number(/^rev-(\d+)$/.exec(outcome?.rule ?? "")?.[1]);
    expect(by).toBeGreaterThanOrEqual(earliest);
    expect(by).toBeLessThanOrEqual(latest);
    if (by !== latest) counts.beside += 1;
    counts.denied += 1;
  }
  const callers = Array.from({ length: 8 }, async (_, caller) => {
    for (let count = caller; !stopping; count += 1) {
      await call(count % 2 === 0);
      // All of it is in memory: without this no timer would ever have its turn.
      await new Promise(setImmediate);
    }
  });

  const sizes: number[] = [];
  for (let revision = 1; revision <= revisions; revision += 1) {
    latest = revision;
    const applied = await configuration.apply(toDocument(revision), null);
    expect(applied.kind).toBe("applied");
    serving = revision;
    sizes.push(seen.bytes());
    await systemClock.sleep(2);
  }
  stopping = true;
  await Promise.all(callers);
  await configuration.close();

  expect(counts.denied).toBeGreaterThan(revisions);
  expect(counts.done).toBeGreaterThan(revisions);
  expect(counts.beside).toBeGreaterThan(0);
  expect(logged.filter(({ level }) => level === "error")).toEqual([]);
  // What the first tenth needed is enough for all of them.
  expect(sizes[0]).toBeGreaterThan(0);
  expect(sizes.at(-1)).toBe(sizes[Math.floor(revisions / 10)]);
}, 1_800_000);
