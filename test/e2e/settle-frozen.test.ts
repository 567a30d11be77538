import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { expect, test, vi } from "vitest";
import { usePostgres } from "../postgres.ts";
import { scaled } from "../scale.ts";
import { approve, send, settle, type Payment, type Told } from "./payer.ts";
import { listCalls, openSettleScene, readLedger, type SettleScene } from "./settle-scene.ts";

vi.setConfig({ testTimeout: 30 * 60_000 });
const postgres = usePostgres();
/** So long that eight requests at once are through by then, on a machine that does much else. */
const timeoutMs = 3_000;

/** How often one payment arrived at the server, and how often it was made. */
function countOf({ server }: SettleScene, { payment }: Payment) {
  return {
    came: server.came.filter(({ came }) => came === payment).length,
    paid: server.paid().filter((each) => each.payment === payment).length,
  };
}

/** One that is frozen, and another that takes over. */
async function openPair() {
  const scene = await openSettleScene(postgres, 2, timeoutMs);
  const [other, frozen] = scene.replicas;
  return { scene, frozen: frozen!, other: other! };
}

test("I4: a replica that froze before it wrote to the socket does not send what another took over", async () => {
  const { scene, frozen, other } = await openPair();
  for (const tool of ["pay_keyed", "pay"] as const) {
    const payment: Payment = { payment: `frozen before, ${tool}`, tool, asked: false };
    const known = (await readLedger(scene.databaseUrl)).length;
    const held = frozen.proxy.arm("after_intent");
    const sending = send(frozen, payment);
    await held.hit;
    frozen.up()!.kill("SIGSTOP");
    held.release();
    const told = await settle(scene, payment, { pick: () => other });
    expect(told.kind).toBe(tool === "pay" ? "unknown" : "done");
    if (told.kind === "unknown") {
      const found = { outcome: "not_done", evidence: "Nothing came." };
      await scene.tell("admin", `/v1/calls/${told.call}/resolution`, found);
      expect((await settle(scene, payment, { pick: () => other })).kind).toBe("done");
    }
    frozen.up()!.kill("SIGCONT");
    // Stopped by the check before the socket, or by the deadline when its timer comes first.
    const why = expect.stringMatching(/^(?:call_late|deadline_exceeded)$/) as string;
    expect(await sending).toEqual({ kind: "again", why });
    expect(countOf(scene, payment)).toEqual({ came: 1, paid: 1 });
    expect((await readLedger(scene.databaseUrl)).slice(known)).toMatchObject([
      { outcomes: ["unknown"], resolutions: [tool === "pay" ? "not_done" : "retry"] },
      { outcomes: ["answered"], resolutions: [] },
    ]);
  }
});

test("I5: what a frozen replica hears too late is no second outcome", async () => {
  const { scene, frozen, other } = await openPair();
  for (const tool of ["pay_keyed", "pay"] as const) {
    const payment: Payment = { payment: `frozen after, ${tool}`, tool, asked: false };
    const known = (await readLedger(scene.databaseUrl)).length;
    const stalled = await scene.server.stall(payment.payment, "before");
    const sending = send(frozen, payment);
    await stalled.hit;
    frozen.up()!.kill("SIGSTOP");
    stalled.release();
    const told = await settle(scene, payment, { pick: () => other });
    expect(told.kind).toBe(tool === "pay" ? "unknown" : "done");
    frozen.up()!.kill("SIGCONT");
    expect((await sending).kind).toMatch(/^(?:again|done)$/);
    expect(countOf(scene, payment)).toEqual({ came: tool === "pay" ? 1 : 2, paid: 1 });
    const written = (await readLedger(scene.databaseUrl)).slice(known);
    for (const { outcomes } of written) expect(outcomes).toHaveLength(1);
    if (tool === "pay") expect(written).toHaveLength(1);
    else
      expect(written).toMatchObject([
        { outcomes: ["unknown"], resolutions: ["retry"] },
        { outcomes: ["answered"], resolutions: [] },
      ]);
  }
  const keys = scene.server.came.filter(({ came }) => came.endsWith("pay_keyed"));
  expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
});

/** A call whose server takes too long: nobody knows how it ended. */
async function leaveInDoubt(scene: SettleScene, payment: Payment, at: number): Promise<void> {
  const replica = scene.replicas[at % scene.replicas.length]!;
  const stalled = await scene.server.stall(payment.payment, "before");
  const first = await send(replica, payment);
  if (first.kind === "asks") {
    await approve(scene, first);
    await send(replica, payment);
  }
  await stalled.hit;
  stalled.release();
  await vi.waitFor(() => expect(countOf(scene, payment).paid).toBe(1));
}

test("I4: of many that repeat a call in doubt at once, over two replicas, one is made", async () => {
  const { scene } = await openPair();
  const races = scaled({ test: 2, prove: 100 });
  for (let race = 0; race < races; race += 1) {
    const known = (await readLedger(scene.databaseUrl)).length;
    const payment: Payment = { payment: `race ${race}`, tool: "pay_keyed", asked: false };
    await leaveInDoubt(scene, payment, race);
    const told = await Promise.all(
      Array.from({ length: 8 }, (_, at) => send(scene.replicas[at % 2]!, payment)),
    );
    expect(told.filter(isOther)).toEqual([]);
    expect((await settle(scene, payment, { pick: () => scene.replicas[0]! })).kind).toBe("done");
    expect(countOf(scene, payment)).toEqual({ came: 2, paid: 1 });
    const written = (await readLedger(scene.databaseUrl)).slice(known);
    expect(written).toMatchObject([
      { outcomes: ["unknown"], resolutions: ["retry"] },
      { outcomes: ["answered"], resolutions: [] },
    ]);
    // So that no breaker counts three calls in a row that took too long.
    for (const [at, replica] of scene.replicas.entries())
      await settle(scene, { ...payment, payment: `calm ${race} ${at}` }, { pick: () => replica });
  }
});

/** Told neither that it is done nor that it is under way. */
function isOther(told: Told): boolean {
  return !(told.kind === "done" || (told.kind === "again" && told.why === "key_in_use"));
}

test("I3: of many that use one approval with one key at once, one is made and the others hear of it", async () => {
  const { scene } = await openPair();
  const payment: Payment = { payment: "approved once", tool: "pay", asked: true };
  const asked = await send(scene.replicas[0]!, payment);
  if (asked.kind !== "asks") throw new Error("nobody was asked");
  await approve(scene, asked);
  const told = await Promise.all(
    Array.from({ length: 8 }, (_, at) => send(scene.replicas[at % 2]!, payment)),
  );
  // Whoever came a moment later may be asked anew; nobody is told that a further call needs more.
  expect(told.filter((each) => isOther(each) && each.kind !== "asks")).toEqual([]);
  expect((await settle(scene, payment, { pick: () => scene.replicas[1]! })).kind).toBe("done");
  expect(countOf(scene, payment)).toEqual({ came: 1, paid: 1 });
});

test("a call in doubt stays in doubt until what repeats it is agreed to", async () => {
  const { scene } = await openPair();
  const payment: Payment = { payment: "asked again", tool: "pay_keyed", asked: true };
  await leaveInDoubt(scene, payment, 0);
  await systemClock.sleep(timeoutMs);
  const again = await send(scene.replicas[1]!, payment);
  expect(again.kind).toBe("asks");
  expect((await listCalls(scene)).size).toBe(1);
  expect((await readLedger(scene.databaseUrl)).map(({ resolutions }) => resolutions)).toEqual([[]]);
  if (again.kind !== "asks") return;
  await approve(scene, again);
  expect((await send(scene.replicas[1]!, payment)).kind).toBe("done");
  expect((await listCalls(scene)).size).toBe(0);
  expect(countOf(scene, payment)).toEqual({ came: 2, paid: 1 });
  const used = (await readLedger(scene.databaseUrl)).map(({ approval }) => approval);
  expect(new Set(used).size).toBe(2);
});
