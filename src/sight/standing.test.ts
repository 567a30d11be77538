import { expect, test } from "vitest";
import type { BreakerState, TenantId } from "../model/index.ts";
import type { Catalog, CatalogServer, CatalogTool } from "../ports/catalog.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createStanding, type StandingOptions } from "./standing.ts";

const server = (name: string, kind: "ready" | "connecting") =>
  [name, { name, state: { kind } } as CatalogServer] as const;
const blocked = { server: "shop", name: "pay", blocked: { grade: "breaking" } } as CatalogTool;
const fine = { server: "shop", name: "look", blocked: null } as CatalogTool;

function toCatalog(...servers: readonly (readonly [string, CatalogServer])[]): Catalog {
  const toolset = {
    tools: new Map([
      ["shop__pay", blocked],
      ["shop__look", fine],
    ]),
  };
  // A tool that stands in two toolsets is blocked once.
  const toolsets = new Map([
    ["", toolset],
    ["small", toolset],
  ]);
  return { servers: new Map(servers), toolsets } as unknown as Catalog;
}

function setUp(changes: Partial<StandingOptions> = {}) {
  const telemetry = createInMemoryTelemetry();
  const clock = createManualClock(1_000_000);
  let asked = 0;
  const live = {
    catalog: toCatalog(server("shop", "ready"), server("mail", "connecting")),
    drifts: [{ server: "shop" }, { server: "shop" }] as never,
    breakers: new Map<string, BreakerState>([["shop", "probing"]]),
    backends: [{ name: "local", breaker: "open" as BreakerState }],
  };
  const standing = createStanding({
    clock,
    telemetry,
    tenant: "default" as TenantId,
    wake: {
      depth: async () => {
        asked += 1;
        return { queued: 4, active: 2, parked: 1, oldestAgeMs: 1_500 };
      },
    },
    approvals: {
      list: async () =>
        [
          { createdAtMs: 940_000, expiresAtMs: 2_000_000 },
          { createdAtMs: 10_000, expiresAtMs: 900_000 },
        ] as never,
    },
    live: () => live,
    ...changes,
  });
  return { telemetry, clock, standing, live, asked: () => asked };
}

test("servers, backends, wakes and approvals, as they stand", async () => {
  const { standing, telemetry } = setUp();
  await standing.tell();
  const read = (name: string, labels?: Record<string, string>) => telemetry.value(name, labels);
  expect(read("server_down", { server: "shop" })).toBe(0);
  expect(read("server_down", { server: "mail" })).toBe(1);
  expect(read("server_drifts", { server: "shop" })).toBe(2);
  expect(read("server_blocked_tools", { server: "shop" })).toBe(1);
  expect(read("server_breaker_open", { server: "shop" })).toBe(1);
  expect(read("server_breaker_open", { server: "mail" })).toBe(0);
  expect(read("model_breaker_open", { backend: "local" })).toBe(1);
  expect(read("wakes_queued", { state: "queued" })).toBe(4);
  expect(read("wakes_queued", { state: "parked" })).toBe(1);
  expect(read("wakes_oldest_seconds")).toBe(1.5);
  // One has run out, though nobody has marked it yet.
  expect(read("approvals_pending")).toBe(1);
  expect(read("approvals_oldest_seconds")).toBe(60);
});

test("what a new revision does not have is set to 0, and does not stay as it was", async () => {
  const { standing, telemetry, live } = setUp();
  await standing.tell();
  live.catalog = toCatalog(server("mail", "ready"));
  live.backends = [];
  await standing.tell();
  expect(telemetry.value("server_breaker_open", { server: "shop" })).toBe(0);
  expect(telemetry.value("server_blocked_tools", { server: "shop" })).toBe(0);
  expect(telemetry.value("model_breaker_open", { backend: "local" })).toBe(0);
  expect(telemetry.value("server_down", { server: "mail" })).toBe(0);
});

test("however many scrape, Postgres is asked once in five seconds", async () => {
  const { standing, clock, asked } = setUp();
  await Promise.all([standing.tell(), standing.tell(), standing.tell()]);
  await standing.tell();
  expect(asked()).toBe(1);
  clock.advance(5_000);
  await standing.tell();
  expect(asked()).toBe(2);
});

test("a store that fails is counted; one that hangs holds a scrape up for two seconds only", async () => {
  const failing = setUp({ wake: { depth: () => Promise.reject(new Error("away")) } });
  await failing.standing.tell();
  expect(failing.telemetry.value("standing_faults")).toBe(1);
  expect(failing.telemetry.value("server_down", { server: "shop" })).toBe(0);

  let asked = 0;
  const depth = () => {
    asked += 1;
    return new Promise<never>(() => undefined);
  };
  const hanging = setUp({ wake: { depth } });
  const first = hanging.standing.tell();
  hanging.clock.advance(2_000);
  await first;
  hanging.clock.advance(60_000);
  const second = hanging.standing.tell();
  hanging.clock.advance(2_000);
  await second;
  expect(asked).toBe(1);
});
