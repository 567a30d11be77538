import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { expect, test, vi } from "vitest";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { usePostgres } from "../postgres.ts";
import { scaled, seed } from "../scale.ts";
import { send, settle, type Final, type Payment } from "./payer.ts";
import {
  listCalls,
  openSettleScene,
  readLedger,
  type SettleReplica,
  type SettleScene,
} from "./settle-scene.ts";

vi.setConfig({ testTimeout: 4 * 60 * 60_000 });
const postgres = usePostgres();

const kills = scaled({ test: 12, prove: 1_000 });
const replicas = 2;
const random = createSeededRandom(seed());

/** Where the process is killed, in the order in which a call comes by. */
const steps = [
  "before_intent",
  "after_intent",
  "working",
  "before_outcome",
  "after_outcome",
  "random",
] as const;
type Step = (typeof steps)[number];

interface Planned {
  readonly step: Step;
  readonly tool: Payment["tool"];
  readonly asked: boolean;
}

const kinds = (["pay", "pay_keyed"] as const).flatMap((tool) =>
  [false, true].map((asked) => ({ tool, asked })),
);

/** Step after step, then with the next kind; the seed says with which it begins. */
const toPlanned = (at: number): Planned => ({
  step: steps[at % steps.length]!,
  ...kinds[(seed() + Math.floor(at / steps.length)) % kinds.length]!,
});

interface Ended extends Planned {
  readonly payment: Payment;
  readonly final: Final;
  readonly isAtStep: boolean;
  /** What it was told in between. */
  readonly whys: ReadonlySet<string>;
}

/** Holds the replica, or the server, where the step is; `over` once the replica is dead. */
async function hold(
  { server }: SettleScene,
  { proxy }: SettleReplica,
  { step, payment }: { readonly step: Step; readonly payment: string },
): Promise<{ readonly hit: Promise<void>; over(): void }> {
  if (step === "working") {
    const { hit, release } = await server.stall(
      payment,
      random.fraction() < 0.5 ? "before" : "after",
    );
    return { hit, over: release };
  }
  if (step === "random")
    return { hit: systemClock.sleep(random.fraction() * 250), over: () => undefined };
  const { hit, drop } = proxy.arm(step);
  return { hit, over: drop };
}

/** One payment, one kill; then the same with the same key until it is known how it ended. */
async function round(
  scene: SettleScene,
  own: SettleReplica,
  { planned, name, armed }: { planned: Planned; name: string; armed: Set<SettleReplica> },
): Promise<Ended> {
  const payment: Payment = { payment: name, tool: planned.tool, asked: planned.asked };
  let isKilled = false;
  // Until it is killed all goes there; then to any that waits for no step of its own.
  const pick = (): SettleReplica => {
    const others = scene.replicas.filter((each) => each.up() !== null && !armed.has(each));
    return isKilled ? (others[Math.floor(random.fraction() * others.length)] ?? own) : own;
  };
  armed.add(own);
  // What is held is this payment's, and not that of one that came here for its answer.
  while (own.underWay.count > 0) await systemClock.sleep(10);
  const held = await hold(scene, own, { step: planned.step, payment: name });
  const whys = new Set<string>();
  const settling = settle(scene, payment, { pick, onAgain: (why) => void whys.add(why) });
  const isAtStep = await Promise.race([held.hit.then(() => true), settling.then(() => false)]);
  isKilled = true;
  await own.kill();
  armed.delete(own);
  held.over();
  await own.start();
  return { ...planned, payment, final: await settling, isAtStep, whys };
}

test("I4, I5: killed at each step of settling, a payment is made once or in doubt, and never twice", async () => {
  const scene = await openSettleScene(postgres, replicas);
  const { server } = scene;
  const armed = new Set<SettleReplica>();
  const ended: Ended[] = [];
  let next = 0;
  async function work(own: SettleReplica): Promise<void> {
    while (next < kills) {
      const at = next++;
      ended.push(await round(scene, own, { planned: toPlanned(at), name: `p${at}`, armed }));
    }
  }
  await Promise.all(scene.replicas.map(work));

  const known = new Map((await readLedger(scene.databaseUrl)).map((each) => [each.intent, each]));
  const counts: Record<string, number> = {};
  for (const { step, tool, final, payment, isAtStep, whys } of ended) {
    const paid = server.paid().filter((each) => each.payment === payment.payment).length;
    const label = `${payment.payment}, ${step}, ${tool}, told ${[...whys, final.kind].join(", ")}`;
    const count = `${step}, ${tool}: ${final.kind}`;
    counts[count] = (counts[count] ?? 0) + 1;
    expect(paid, label).toBeLessThanOrEqual(1);
    if (final.kind !== "unknown") expect(paid, label).toBe(1);
    // A tool that takes the key is asked again until it is known.
    if (tool === "pay_keyed") expect(final.kind, label).not.toBe("unknown");
    // On a slow machine the tool's time may be over by itself, wherever the process is killed.
    const call = final.kind === "unknown" ? known.get(final.call) : undefined;
    const late = ["deadline_exceeded", "call_late"];
    const isLate = late.some((why) => whys.has(why) || call?.reasons[0] === why);
    if (!isAtStep || isLate) continue;
    // Without a key: not begun, and made once; from then on in doubt; and known once it is durable.
    if (tool === "pay" && step === "before_intent") expect(final.kind, label).toBe("done");
    if (tool === "pay" && /after_intent|working|before_outcome/.test(step))
      expect(final.kind, label).toBe("unknown");
    if (step === "after_outcome") expect(final.kind, label).toBe("done");
    if (step === "after_intent" && tool === "pay") expect(paid, label).toBe(0);
  }
  const aimed = ended.filter(({ step }) => step !== "random");
  const atStep = aimed.filter(({ isAtStep }) => isAtStep).length;
  console.log(
    `${ended.length} kills, ${atStep} of ${aimed.length} at their step: ${JSON.stringify(counts)}`,
  );
  expect(atStep).toBeGreaterThanOrEqual(aimed.length * 0.9);

  await resolveAll(scene, ended);
  await checkLedger(scene, ended);
});

/** Each payment in doubt is listed; what the file says of it is told, and the key answers so. */
async function resolveAll(scene: SettleScene, ended: readonly Ended[]): Promise<void> {
  const { server, replicas: all } = scene;
  const listed = await listCalls(scene);
  const inDoubt = ended.filter(({ final }) => final.kind === "unknown");
  for (const { payment, final } of inDoubt) {
    if (final.kind !== "unknown") continue;
    expect(listed.has(final.call), payment.payment).toBe(true);
    const isPaid = server.paid().some((each) => each.payment === payment.payment);
    const found = { outcome: isPaid ? "done" : "not_done", evidence: "The bank's own file." };
    const where = `/v1/calls/${final.call}/resolution`;
    expect(await scene.tell("admin", where, found)).toMatchObject({ status: 200 });
    expect(await scene.tell("admin", where, found)).toMatchObject({ status: 409 });
    const again = await settle(scene, payment, { pick: () => all[0]! });
    expect(again.kind, payment.payment).toBe(isPaid ? "done_before" : "done");
    const paid = server.paid().filter((each) => each.payment === payment.payment);
    expect(paid, payment.payment).toHaveLength(1);
  }
  console.log(`${inDoubt.length} in doubt, all listed and resolved`);
  expect((await listCalls(scene)).size).toBe(0);
  // Whatever is sent again now is answered from what is known: nothing is paid any more.
  const before = server.came.length;
  for (const { payment } of ended.slice(0, 50))
    expect((await send(all[0]!, payment)).kind).toMatch(/^done/);
  expect(server.came).toHaveLength(before);
}

async function checkLedger(scene: SettleScene, ended: readonly Ended[]): Promise<void> {
  const calls = await readLedger(scene.databaseUrl);
  expect(calls.length).toBeGreaterThanOrEqual(ended.length);
  for (const { intent, outcomes, resolutions } of calls) {
    expect(outcomes, intent).toHaveLength(1);
    // Only what was in doubt is resolved, and once.
    expect(resolutions.length, intent).toBe(outcomes[0] === "unknown" ? 1 : 0);
  }
  const used = calls.flatMap(({ approval }) => (approval === null ? [] : [approval]));
  expect(new Set(used).size).toBe(used.length);
  // Each that a person was asked about stands on an approval, and no other does.
  const asked = ended.filter((each) => each.asked).length;
  expect(used.length).toBeGreaterThanOrEqual(asked);
  // With the one key of a payment, its tool was told of one payment only.
  const keys = new Map<string, Set<string | null>>();
  for (const { came, key } of scene.server.came)
    keys.set(came, (keys.get(came) ?? new Set()).add(key));
  for (const [payment, own] of keys) expect(own.size, payment).toBe(1);
}
