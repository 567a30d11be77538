import { expect, test } from "vitest";
import { createInMemoryBus } from "../ports/in-memory-bus.ts";
import { createInMemoryFreezes } from "../ports/in-memory-freezes.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { FreezeKind } from "../model/freeze.ts";
import { toDigest, type TenantId } from "../model/index.ts";
import type { FreezeRow } from "../ports/freeze-rows.ts";
import { everyTenant, freezeChannel, openFreezeView } from "./freezes.ts";

const tenant = "default" as TenantId;
const other = "other" as TenantId;
const actor = { agent: "travel", bundle: toDigest("bundle") };
const principalOf = (of: TenantId) =>
  ({ tenant: of, kind: "user", subject: "ada", actor }) as const;
const call = (of: TenantId = tenant, effect: "read" | "write" = "write") => ({
  principal: principalOf(of),
  server: "bank",
  tool: "bank__pay",
  effect,
});
const freeze = (kind: FreezeKind, name = "", of: string = tenant): FreezeRow => ({
  tenant: of as TenantId,
  kind,
  name,
  reason: "why",
  by: "admin",
  atMs: 0,
});

async function open() {
  const rows = createInMemoryFreezes();
  const clock = createManualClock(1_000);
  const bus = createInMemoryBus();
  const state = { fails: false };
  const active = () => (state.fails ? Promise.reject(new Error("no store")) : rows.active());
  const telemetry = createInMemoryTelemetry();
  const view = await openFreezeView({ rows: { active }, bus, clock, telemetry });
  return { rows, clock, bus, view, state };
}

test.each([
  [freeze("tool", "bank__pay"), true],
  [freeze("tool", "bank__see"), false],
  [freeze("server", "bank"), true],
  [freeze("server", "mail"), false],
  [freeze("agent", "travel"), true],
  [freeze("agent", "other"), false],
  [freeze("tenant"), true],
  [freeze("tenant", "", other), false],
  [freeze("tool", "bank__pay", other), false],
  [freeze("all", "", everyTenant), true],
])("what is frozen is stopped, and nothing beside it: %o", async (row, isStopped) => {
  const { rows, view } = await open();
  await rows.put(row);
  await view.refresh();
  for (const effect of ["read", "write"] as const) {
    const check = () => view.check(call(tenant, effect));
    if (isStopped) expect(check).toThrow(/is frozen: why/);
    else expect(check).not.toThrow();
  }
  await view.close();
});

test("a hint is followed at once, and without one the next look finds it", async () => {
  const { rows, clock, bus, view } = await open();
  await rows.put(freeze("server", "bank"));
  await bus.publish(freezeChannel, "");
  await expect.poll(() => attempt(() => view.check(call()))).toMatch(/frozen/);
  await rows.lift({ ...freeze("server", "bank"), by: "admin", atMs: 1 });
  clock.advance(1_000);
  await expect.poll(() => attempt(() => view.check(call()))).toBe("passes");
  await view.close();
});

test("I14: with nothing heard for 5 s effects end, reads go on, and what was frozen stays so", async () => {
  const { rows, clock, view, state } = await open();
  await rows.put(freeze("server", "mail"));
  await view.refresh();
  state.fails = true;
  clock.advance(5_000);
  expect(attempt(() => view.check(call()))).toBe("passes");
  clock.advance(1);
  expect(attempt(() => view.check(call()))).toMatch(/has not heard for 5 s/);
  expect(attempt(() => view.check(call(tenant, "read")))).toBe("passes");
  const mail = { ...call(tenant, "read"), server: "mail", tool: null };
  expect(attempt(() => view.check(mail))).toMatch(/frozen/);
  state.fails = false;
  await view.refresh();
  expect(attempt(() => view.check(call()))).toBe("passes");
  await view.close();
});

function attempt(work: () => void): string {
  try {
    work();
    return "passes";
  } catch (error) {
    return (error as Error).message;
  }
}
