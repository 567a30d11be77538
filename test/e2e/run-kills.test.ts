import { expect, test, vi } from "vitest";
import { runStateNumbers } from "../../src/adapters/postgres/run-state-numbers.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { usePostgres } from "../postgres.ts";
import { proving, scaled, seed } from "../scale.ts";
import { checkRun, isToBeDenied, readRun, type Asked, type Findings } from "./check-run.ts";
import { kinds, type Kind } from "./run-document.ts";
import {
  insist,
  look,
  openAloneScene,
  openSharedScene,
  type RunScene,
  type SharedScene,
} from "./run-scene.ts";
import { createShocks, shock, type ShockPlan, type Shocks } from "./run-shocks.ts";
import { toFigures } from "./take-overs.ts";

vi.setConfig({ testTimeout: 60 * 60_000 });
const postgres = usePostgres();
const random = createSeededRandom(seed());

const runs = scaled({ test: 24, prove: 200 });
const atOnce = scaled({ test: 12, prove: 16 });
/** At least; in full there are as many as the time allows. */
const kills = scaled({ test: 2, prove: 20 });
const freezes = scaled({ test: 1, prove: 5 });
const restarts = scaled({ test: 1, prove: 2 });

const everyKind = [...(Object.keys(kinds) as Kind[]), "both"] as const;

const ongoing = ["queued", "running", "waiting"] as const;
const ongoingNumbers = ongoing.map((state) => runStateNumbers[state]);
const goingOn = `from countersign.runs where parent is null and state = any($1::int[])`;

/** Those that somebody started and that have not ended; as it was known last, while Postgres is away. */
function createCount(scene: SharedScene): () => Promise<number> {
  let last = 0;
  return async () => {
    const text = `select count(*)::int as count ${goingOn}`;
    const [row] = (await look<{ count: number }>(scene, text, [ongoingNumbers])) ?? [];
    return (last = row?.count ?? last);
  };
}

async function readOngoing(scene: SharedScene): Promise<readonly unknown[]> {
  const rows = await look<{ run: string }>(scene, `select run_id::text as run ${goingOn}`, [
    ongoingNumbers,
  ]);
  return Promise.all((rows ?? []).map(({ run }) => readRun(scene, run)));
}

/** Under a key: whoever is killed while it starts one is asked again. */
async function startRun(scene: RunScene, kind: Asked["kind"], key: string): Promise<Asked> {
  const body = { agent: kind === "both" ? "lead" : "clerk", input: `Pay: ${kind}` };
  const isMade = (status: number) => status === 200 || status === 201;
  const { id } = await insist(scene, isMade, "caller", "/v1/runs", { body, key });
  return { id: String(id), kind };
}

interface Progress {
  readonly asked: Asked[];
  readonly shocks: Shocks;
  ended: number;
  isOver: boolean;
}

/** On a slow machine the runs are done before there were as many shocks as there have to be. */
const hasMore = ({ asked, shocks }: Progress): boolean =>
  asked.length < runs ||
  (asked.length < 3 * runs &&
    (shocks.kills < kills || shocks.freezes < freezes || shocks.restarts < restarts));

/** Many times what a run takes whose worker is killed over and over. */
const stuckMs = 180_000;

/** So many at once, until all have ended. */
async function startRuns(scene: SharedScene, progress: Progress): Promise<void> {
  const { asked } = progress;
  const countOngoing = createCount(scene);
  let movedMs = systemClock.monotonicMs();
  try {
    while (hasMore(progress) || progress.ended < asked.length) {
      const under = await countOngoing();
      const ended = asked.length - under;
      if (ended > progress.ended) movedMs = systemClock.monotonicMs();
      progress.ended = ended;
      if (systemClock.monotonicMs() - movedMs > stuckMs)
        throw new Error(`${under} runs do not end: ${JSON.stringify(await readOngoing(scene))}`);
      if (under < atOnce && hasMore(progress)) {
        const kind = everyKind[asked.length % everyKind.length]!;
        asked.push(await startRun(scene, kind, `run-${asked.length}`));
      } else await systemClock.sleep(150);
    }
  } finally {
    progress.isOver = true;
  }
}

interface Pending {
  readonly id: string;
  readonly digest: string;
  readonly args: { readonly payment: string };
}

/** A person who looks into the inbox often, and says no to some. */
async function keepDeciding(scene: RunScene, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const listed = await scene.tell("approver", "/v1/approvals?state=pending");
    const pending = listed?.status === 200 ? (listed.body["approvals"] as Pending[]) : [];
    for (const { id, digest, args } of pending) {
      const body = { digest, word: isToBeDenied(args.payment) ? "denied" : "approved" };
      // What is not heard of is pending still the next time, or decided.
      await scene.tell("approver", `/v1/approvals/${id}/decision`, { body });
    }
    await systemClock.sleep(250);
  }
}

test("I4, I6: workers killed and frozen, Postgres restarted: every run ends, and no keyed effect is doubled", async () => {
  const scene = await openSharedScene(postgres, 3);
  const beganMs = systemClock.monotonicMs();
  const progress: Progress = { asked: [], shocks: createShocks(), ended: 0, isOver: false };
  const { asked, shocks } = progress;
  const plan: ShockPlan = {
    random,
    postgres,
    kills: proving ? Infinity : kills,
    freezes: proving ? Infinity : freezes,
    restartsAt: Array.from({ length: restarts }, (_, index) => (runs * (index + 1)) / 4),
    ended: () => progress.ended,
    isOver: () => progress.isOver,
  };
  await Promise.all([
    shock(scene, plan, shocks),
    startRuns(scene, progress),
    keepDeciding(scene, () => progress.isOver),
  ]);
  const tookMs = systemClock.monotonicMs() - beganMs;

  const found: Findings = { counts: {}, payments: new Set(), entries: new Set() };
  for (const each of asked) await checkRun(scene, each, found);
  const paid = scene.server.paid().map(({ payment }) => payment);
  console.log(
    `${asked.length} runs ended in ${(tookMs / 1_000).toFixed(0)} s, ${shocks.kills} kills, ` +
      `${shocks.freezes} freezes, ${shocks.restarts} restarts of Postgres\n` +
      `taken over after a kill: ${toFigures(shocks.afterKillMs)}\n` +
      `taken over after a freeze: ${toFigures(shocks.afterFreezeMs)}\n` +
      `${paid.length} payments on disk, ${new Set(paid).size} of them different; ` +
      `${scene.server.came.length} sent: ` +
      JSON.stringify(found.counts),
  );
  const all = await look(scene, "select 1 from countersign.runs where parent is null");
  expect(all).toHaveLength(new Set(asked.map(({ id }) => id)).size);
  // Nothing was paid that no run asked for, and nothing twice.
  expect(new Set(paid).size).toBe(paid.length);
  expect(paid.filter((each) => !found.payments.has(each))).toEqual([]);
  expect(shocks.kills).toBeGreaterThanOrEqual(kills);
  expect(shocks.freezes).toBeGreaterThanOrEqual(freezes);
  expect(shocks.restarts).toBe(restarts);
  await checkReceipts(scene, found);
});

/** Each intent and outcome that a run names is in the ledger, and the ledger is what was signed. */
async function checkReceipts(scene: RunScene, { entries }: Findings): Promise<void> {
  const isThere = (status: number) => status === 200;
  for (const entry of entries) await insist(scene, isThere, "admin", `/v1/receipts/${entry}`);
  const { home } = scene;
  home.environment["COUNTERSIGN_URL"] = scene.replicas[0]!.url()!;
  const key = (await home.run("ledger", "key")).out.trim();
  const verified = await home.run("ledger", "verify", "--key", key);
  expect([verified.code, verified.err]).toEqual([0, expect.anything()]);
  console.log(`${entries.size} entries with their receipts; ${verified.out.trim()}`);
}

test("I6: the only replica, killed and back, goes on with its runs at once", async () => {
  const scene = await openAloneScene();
  const [replica] = scene.replicas;
  const asked = await Promise.all(
    Array.from({ length: 6 }, (_, index) => startRun(scene, "plain", `run-${index}`)),
  );
  const readAll = () => Promise.all(asked.map(({ id }) => readRun(scene, id)));
  const isUnderWay = async () =>
    expect((await readAll()).every(({ calls }) => calls.length > 0)).toBe(true);
  await vi.waitFor(isUnderWay, { timeout: 20_000 });
  await replica!.kill();
  const killedMs = systemClock.nowMs();
  await replica!.start();
  const readyMs = systemClock.nowMs();
  const isEnded = async () =>
    expect((await readAll()).every(({ state }) => state === "completed")).toBe(true);
  await vi.waitFor(isEnded, { timeout: 60_000, interval: 200 });
  const found: Findings = { counts: {}, payments: new Set(), entries: new Set() };
  const goneOn: number[] = [];
  for (const each of asked) {
    const events = await checkRun(scene, each, found);
    const next = events.find(({ atMs }) => atMs > killedMs);
    if (next !== undefined) goneOn.push(next.atMs - readyMs);
  }
  console.log(
    `killed, and ready again after ${readyMs - killedMs} ms; runs went on ${toFigures(goneOn)} later`,
  );
  // A heartbeat that nobody gives any more is waited for ten seconds; here nobody waits for it.
  expect(goneOn.length).toBeGreaterThan(0);
  expect(Math.max(...goneOn)).toBeLessThan(8_000);
});
