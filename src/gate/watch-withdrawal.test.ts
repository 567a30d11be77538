import { expect, onTestFinished, test } from "vitest";
import { ada, makeServer, makeToolset } from "../../test/made-up-call.ts";
import { openFreezeView } from "../authority/freezes.ts";
import type { FreezeKind } from "../model/freeze.ts";
import { toDigest, type Decision, type Principal, type TenantId } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Connections } from "../ports/connections.ts";
import { createInMemoryBus } from "../ports/in-memory-bus.ts";
import { createInMemoryFreezes } from "../ports/in-memory-freezes.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { UpstreamNotification } from "../ports/upstream.ts";
import { createGuard } from "./guard-upstream.ts";
import { createLiveWatch } from "./live-watch.ts";
import { createWatch } from "./watch.ts";

const uri = "fix://state";
const digest = toDigest("p");
const allow: Decision = { kind: "allow", policy: digest, reasons: [], obligations: [] };
const deny: Decision = { kind: "deny", policy: digest, reasons: [] };
const agent: Principal = { ...ada, actor: { agent: "travel", bundle: digest } };
const stranger: Principal = { ...ada, tenant: "other" as TenantId };

/** A server that takes down what it is asked to watch, and revisions of the gate before it. */
async function openScene() {
  const clock = createManualClock(0);
  const telemetry = createInMemoryTelemetry({ clock });
  const rows = createInMemoryFreezes();
  const freezes = await openFreezeView({ rows, bus: createInMemoryBus(), clock, telemetry });
  onTestFinished(() => freezes.close());
  const asked: (readonly string[])[] = [];
  type Listener = (server: string, change: UpstreamNotification) => void;
  const listeners = new Set<Listener>();
  const connections = {
    endpoints: () => ["one"],
    get: async () => ({ watch: async (uris: readonly string[]) => void asked.push(uris) }),
    onChange: (listener: Listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  } as unknown as Connections;
  const server = makeServer("up", { capabilities: { resources: { subscribe: true } } });
  const catalog = {
    servers: new Map([["up", server]]),
    toolsets: new Map([["", makeToolset([])]]),
  } as unknown as Catalog;
  const known = { found: false };
  const scan: LeakScan = {
    isEmpty: false,
    find: () => (known.found ? [{ name: "env://A", spelling: "plain" }] : []),
    redact: (text) => text,
  };
  const state: { decision: Decision } = { decision: allow };
  const start = (decide: () => Decision = () => state.decision) =>
    createWatch({
      registry: { catalog: () => catalog, onChange: () => () => undefined },
      connections,
      telemetry,
      decider: { decide, readsLabels: () => false },
      freezes,
      guard: createGuard({ scan, telemetry }),
      clock,
    });
  let serving = start();
  onTestFinished(() => serving.close());
  const watch = createLiveWatch(() => serving);
  return {
    asked,
    state,
    known,
    freeze: (kind: FreezeKind, name = "", tenant = ada.tenant) =>
      rows.put({ tenant, kind, name, reason: "why", by: "admin", atMs: 0 }),
    lift: (kind: FreezeKind, name = "") =>
      rows.lift({ tenant: ada.tenant, kind, name, by: "admin", atMs: 1 }),
    /** As when another replica has just told this one. */
    hear: () => freezes.refresh(),
    /** The longest that a freeze may take. */
    async wait(): Promise<void> {
      for (let ms = 0; ms < 2_000; ms += 250) {
        clock.advance(250);
        await settle();
      }
    },
    change(): void {
      const change = { method: "notifications/resources/updated", params: { uri } } as const;
      for (const listener of listeners) listener("up", change);
    },
    async replace(decide?: () => Decision): Promise<void> {
      const before = serving;
      serving = start(decide);
      before.close();
      await settle();
    },
    async open(principal: Principal = ada) {
      const told: string[] = [];
      const watching = await watch.open({
        principal,
        roles: [],
        toolset: "",
        filter: { tools: false, prompts: false, resources: false, updated: [uri] },
        onNotification: ({ method }) => void told.push(method),
        onEnd: () => void told.push("ended"),
      });
      await settle();
      return { told, granted: watching.granted.updated };
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const updated = "notifications/resources/updated";

test.each([
  ["server", "up", ada],
  ["tenant", "", ada],
  ["all", "", ada],
  ["agent", "travel", agent],
] as const)(
  "a running subscription ends within 2 s of a freeze of its %s, and goes on when that is lifted",
  async (kind, name, principal) => {
    const { asked, freeze, lift, wait, change, open } = await openScene();
    const { told } = await open(principal);
    change();
    expect(told).toEqual([updated]);
    await freeze(kind, name);
    await wait();
    expect(asked).toEqual([[uri], []]);
    change();
    expect(told).toHaveLength(1);
    await lift(kind, name);
    await wait();
    expect(asked).toEqual([[uri], [], [uri]]);
    // What changed meanwhile went past.
    expect(told).toEqual([updated, updated]);
    change();
    expect(told).toHaveLength(3);
  },
);

test("a freeze ends the subscriptions that it is of, and no others", async () => {
  const { asked, freeze, wait, change, open } = await openScene();
  const [own, agents, others] = [await open(), await open(agent), await open(stranger)];
  await freeze("agent", "travel");
  await freeze("server", "up", stranger.tenant);
  await wait();
  change();
  expect([own.told, agents.told, others.told]).toEqual([[updated], [], []]);
  expect(asked.at(-1)).toEqual([uri]);
  await freeze("server", "up");
  await wait();
  expect(asked.at(-1)).toEqual([]);
});

test("what changes between a freeze and the next look is not told either", async () => {
  const { asked, freeze, hear, change, open } = await openScene();
  const { told } = await open();
  await freeze("server", "up");
  await hear();
  change();
  expect(told).toEqual([]);
  expect(asked).toEqual([[uri]]);
});

test("a revision whose policy denies the read withdraws it, and one that allows it gives it back", async () => {
  const { asked, change, replace, open } = await openScene();
  const { told, granted } = await open();
  expect(granted).toEqual([uri]);
  await replace(() => deny);
  change();
  expect(told).toEqual([]);
  await replace(() => allow);
  change();
  expect(told).toEqual([updated]);
  expect(asked.at(-1)).toEqual([uri]);
});

test("a rule that turns to no under one revision is asked again before anything is told", async () => {
  const { state, known, change, open } = await openScene();
  const { told } = await open();
  state.decision = deny;
  change();
  expect(told).toEqual([]);
  state.decision = { ...allow, obligations: [{ kind: "rate", calls: 1, perMs: 1 }] as never };
  change();
  expect(told).toEqual([]);
  state.decision = allow;
  known.found = true;
  change();
  expect(told).toEqual([]);
  known.found = false;
  change();
  expect(told).toEqual([updated]);
});

test("a subscription that is frozen while the revision changes goes on when that is lifted", async () => {
  const { asked, freeze, lift, wait, change, replace, open } = await openScene();
  const { told } = await open();
  await freeze("server", "up");
  await wait();
  await replace();
  change();
  expect(asked.at(-1)).toEqual([]);
  expect(told).toEqual([]);
  // Whoever asks meanwhile is not granted it.
  expect((await open()).granted).toEqual([]);
  await lift("server", "up");
  await wait();
  expect(told).toEqual([updated]);
  expect(asked.at(-1)).toEqual([uri]);
});
