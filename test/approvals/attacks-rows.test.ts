import { expect, onTestFinished, test, vi } from "vitest";
import pg from "pg";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import type { ApprovalId, TenantId } from "../../src/model/index.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { silent } from "../conformance/postgres-store-under-test.ts";
import { adminKey, startGateOver } from "../mcp/gate-under-test.ts";
import { usePostgres } from "../postgres.ts";
import { endOf, openAttackScene, sendOnce, type Json } from "./attack-scene.ts";

// Whoever writes to the database and has no key: what people are shown and told, and what is left of them.

vi.setConfig({ testTimeout: 60_000 });
const postgres = usePostgres();

async function open() {
  const url = await postgres.freshDatabase();
  const common = { clock: systemClock, random: systemRandom, telemetry: silent };
  const store = await openPostgresStore({ url, ...common });
  onTestFinished(() => store.close());
  const scene = await openAttackScene({
    start: (document) =>
      startGateOver(
        {
          store,
          vault: createInMemoryVault(systemClock),
          bus: createInMemoryBus(),
          sealingKey: systemRandom.bytes(32),
          owner: "one",
          values: {},
        },
        document,
      ) as never,
  });
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  onTestFinished(() => admin.end());
  const ask = async (to: string) => endOf(await sendOnce(scene.gate.url, { args: { to } }));
  const read = async (id: string) => (await scene.tell(`approvals/${id}`)).body;
  const write = async (change: string, id: string): Promise<void> => {
    const written = await admin.query(`update countersign.approvals set ${change} where id = $1`, [
      id,
    ]);
    expect(written.rowCount).toBe(1);
  };
  return { ...scene, store, admin, url, ask, read, write };
}

test("who asks is shown as it was sealed, whatever stands beside it in the row", async () => {
  const { ask, waiting, read, write } = await open();
  expect(await ask("ann")).toBe("asks");
  const [one] = await waiting();
  await write("subject = E'default\\nuser\\nthe-director', agent = 'payroll'", one!.id);
  const shown = await read(one!.id);
  expect(shown["requester"]).toEqual({ kind: "service", subject: "caller", agent: null });
});

test("nothing is shown as approved before that nobody approved, or that was another tool's", async () => {
  const { ask, waiting, decide, read, write } = await open();
  await ask("eve");
  const [planted] = await waiting();
  await write("state = 'consumed'", planted!.id);
  await ask("ann");
  const [one] = await waiting();
  expect(await read(one!.id)).toMatchObject({ lastApproved: null });
  await decide(one!);
  expect(await ask("ann")).toBe("done");
  await ask("bob");
  const [next] = await waiting();
  expect(await read(next!.id)).toMatchObject({ lastApproved: { id: one!.id } });
  await write("tool = 'refund'", next!.id);
  expect(await read(next!.id)).toMatchObject({ tool: "pay", lastApproved: { id: one!.id } });
});

test("one row that cannot be read keeps nobody's words from being erased", async () => {
  const { ask, waiting, decide, store, tell, read, write } = await open();
  const ids: string[] = [];
  for (const to of ["ann", "bob", "cem"]) {
    await ask(to);
    const [one] = await waiting();
    await decide(one!, "denied", { body: { reason: "I know them" } });
    ids.push(one!.id);
  }
  const first = (await store.approvals.get("default" as TenantId, ids[0] as ApprovalId))!;
  await write("verdicts = set_byte(verdicts, 20, get_byte(verdicts, 20) # 1)", first.id);
  const erased = await tell("privacy/erase", { subject: "user:approver" }, adminKey);
  // It is said that something is wrong, once all the rest is done.
  expect(erased).toMatchObject({ body: { error: { code: "record_unreadable" } } });
  for (const id of ids.slice(1)) {
    const [verdict] = (await read(id))["verdicts"] as readonly Json[];
    expect(verdict).toMatchObject({ word: "denied", approver: null, reason: null });
  }
});

test("what is decided at the moment of a freeze is void all the same", async () => {
  const { ask, waiting, admin, store, read } = await open();
  await ask("ann");
  const [one] = await waiting();
  await admin.query("begin");
  await admin.query("update countersign.approvals set state = 'approved' where id = $1", [one!.id]);
  const voiding = store.approvals.voidAll({ tenant: "default" as TenantId, server: "bank" }, 10);
  await expect
    .poll(async () => {
      const { rows } = await admin.query<{ waits: boolean }>(
        "select exists (select 1 from pg_locks where not granted) as waits",
      );
      return rows[0]!.waits;
    })
    .toBe(true);
  await admin.query("commit");
  expect(await voiding).toBe(1);
  expect(await read(one!.id)).toMatchObject({ state: "voided" });
});
