import { expect, onTestFinished, test } from "vitest";
import { ada, makeServer, makeToolset } from "../../test/made-up-call.ts";
import { serverSchema } from "../model/config-servers.ts";
import { Fault, toDigest, type Decision, type TenantId } from "../model/index.ts";
import type { Catalog, CatalogServer } from "../ports/catalog.ts";
import type { Connections } from "../ports/connections.ts";
import type { Freezes } from "../ports/freezes.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { emptyLeakScan, type LeakScan } from "../ports/leak-scan.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { WatchWish } from "../ports/watch.ts";
import { createGuard } from "./guard-upstream.ts";
import { createWatch } from "./watch.ts";

const uri = "fix://state";
const allow: Decision = { kind: "allow", policy: toDigest("p"), reasons: [], obligations: [] };
const capabilities = { resources: { subscribe: true } };
const config = serverSchema.parse({ transport: "stdio", command: ["node"], sandbox: "none" });

interface Given {
  readonly config?: CatalogServer["config"];
  readonly readsLabels?: boolean;
  readonly check?: Freezes["check"];
  readonly scan?: LeakScan;
  readonly connections?: object;
}

function start(given: Given) {
  const clock = createManualClock(0);
  const telemetry = createInMemoryTelemetry({ clock });
  const made = makeServer("up", { capabilities });
  const server = { ...made, config: given.config ?? made.config };
  const catalog = {
    servers: new Map([["up", server]]),
    toolsets: new Map([["", makeToolset([])]]),
  } as unknown as Catalog;
  return createWatch({
    registry: { catalog: () => catalog, onChange: () => () => undefined },
    connections: {
      endpoints: () => [],
      onChange: () => () => undefined,
      ...given.connections,
    } as unknown as Connections,
    telemetry,
    decider: { decide: () => allow, readsLabels: () => given.readsLabels ?? false },
    freezes: { check: given.check ?? (() => undefined) },
    guard: createGuard({ scan: given.scan ?? emptyLeakScan, telemetry }),
    clock,
  });
}

const toWish = (tenant = "default", updated = [uri]): WatchWish => ({
  principal: { ...ada, tenant: tenant as TenantId },
  roles: [],
  toolset: "",
  filter: { tools: false, prompts: false, resources: false, updated },
  onNotification: () => undefined,
  onEnd: () => undefined,
});

async function grant(given: Given, tenant?: string): Promise<readonly string[]> {
  const watch = start(given);
  onTestFinished(() => watch.close());
  const watching = await watch.open(toWish(tenant));
  watching.close();
  return watching.granted.updated;
}

test("what may be read is watched, where rules about it read no labels", async () => {
  expect(await grant({})).toEqual([uri]);
  expect(await grant({ readsLabels: true })).toEqual([]);
});

test("what is frozen is not watched", async () => {
  const check = (): never => {
    throw new Fault("frozen", "The server up is frozen.");
  };
  expect(await grant({ check })).toEqual([]);
});

test("a known secret is not sent upstream within a URI", async () => {
  const find = (text: string) =>
    text.includes("state") ? [{ name: "env://A", spelling: "plain" }] : [];
  expect(await grant({ scan: { ...emptyLeakScan, isEmpty: false, find } })).toEqual([]);
});

test("the program that is watched is of the default tenant alone", async () => {
  expect(await grant({ config })).toEqual([uri]);
  expect(await grant({ config }, "acme")).toEqual([]);
  expect(await grant({}, "acme")).toEqual([uri]);
});

test("of many who come and go at once, the server is told the sum, not each", async () => {
  const asked: (readonly string[])[] = [];
  const watching = { watch: async (uris: readonly string[]) => void asked.push(uris) };
  const connections = { endpoints: () => ["one"], get: async () => watching };
  const watch = start({ connections });
  onTestFinished(() => watch.close());
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const all = Array.from({ length: 50 }, (_, at) => `fix://${at}`);
  const opened = await Promise.all(all.map((each) => watch.open(toWish("default", [each]))));
  await settle();
  expect(asked.length).toBeLessThan(5);
  expect(asked.at(-1)).toEqual(all);
  for (const { close } of opened.slice(1)) close();
  await settle();
  expect(asked.length).toBeLessThan(10);
  expect(asked.at(-1)).toEqual(["fix://0"]);
});

test("a server that cannot be asked is not asked for ever", async () => {
  let tried = 0;
  const get = async () => {
    tried += 1;
    throw new Fault("upstream_unreachable", "It is down.");
  };
  const watch = start({ connections: { endpoints: () => ["one"], get } });
  onTestFinished(() => watch.close());
  await watch.open(toWish());
  await new Promise((resolve) => setImmediate(resolve));
  expect(tried).toBe(1);
});
