import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { Random } from "../../src/ports/random.ts";
import type { TestPostgres } from "../postgres.ts";
import type { RunReplica, SharedScene } from "./run-scene.ts";
import { followTakeOvers, readClaims } from "./take-overs.ts";

export interface Shocks {
  kills: number;
  freezes: number;
  restarts: number;
  /** From the kill, or the freeze, to the take-over of each run that was held there. */
  readonly afterKillMs: number[];
  readonly afterFreezeMs: number[];
}

export interface ShockPlan {
  readonly kills: number;
  readonly freezes: number;
  /** Postgres is restarted once so many runs have ended. */
  readonly restartsAt: readonly number[];
  readonly random: Pick<Random, "fraction">;
  readonly postgres: TestPostgres;
  readonly ended: () => number;
  /** Nothing is left that a shock could meet. */
  readonly isOver: () => boolean;
}

/** Runs that are under way somewhere: a shock then meets some of them. */
const enoughClaims = 3;
const longestGapMs = 2_500;
const pollMs = 50;

export function createShocks(): Shocks {
  return { kills: 0, freezes: 0, restarts: 0, afterKillMs: [], afterFreezeMs: [] };
}

/** Kills, freezes and restarts beside each other, until there are enough of them or all is over. */
export async function shock(scene: SharedScene, plan: ShockPlan, shocks: Shocks): Promise<void> {
  const following: Promise<void>[] = [];
  const follow = async (into: number[]): Promise<void> => {
    const sinceMs = systemClock.monotonicMs();
    for (const { atMs } of await followTakeOvers(scene)) into.push(atMs - sinceMs);
  };

  async function keepKilling(): Promise<void> {
    const restartsAt = [...plan.restartsAt];
    while (!plan.isOver()) {
      if (restartsAt.length > 0 && plan.ended() >= restartsAt[0]!) {
        restartsAt.shift();
        await restartPostgres(plan.postgres, shocks.restarts === 0 ? "SIGKILL" : "SIGINT");
        shocks.restarts += 1;
      }
      const replica = shocks.kills < plan.kills ? await pick(scene, plan) : null;
      if (replica === null) {
        await systemClock.sleep(pollMs);
        continue;
      }
      await replica.kill();
      shocks.kills += 1;
      following.push(follow(shocks.afterKillMs));
      await replica.start();
      await systemClock.sleep(plan.random.fraction() * longestGapMs);
    }
  }

  async function keepFreezing(): Promise<void> {
    while (!plan.isOver() && shocks.freezes < plan.freezes) {
      const replica = await pick(scene, plan);
      if (replica === null) continue;
      replica.freeze();
      const known = shocks.afterFreezeMs.length;
      try {
        await follow(shocks.afterFreezeMs);
      } finally {
        replica.thaw();
      }
      // One that held nothing is no freeze that counts.
      if (shocks.afterFreezeMs.length > known) shocks.freezes += 1;
      await systemClock.sleep(plan.random.fraction() * longestGapMs);
    }
  }

  await Promise.all([keepKilling(), keepFreezing()]);
  await Promise.all(following);
}

/** One of those that are up, where another one is, too, and runs are under way; null: all is over. */
async function pick(
  scene: SharedScene,
  { random, isOver }: Pick<ShockPlan, "random" | "isOver">,
): Promise<RunReplica | null> {
  while (!isOver()) {
    const up = scene.replicas.filter((each) => each.url() !== null);
    if (up.length > 1 && (await readClaims(scene)).size >= enoughClaims) {
      const chosen = up[Math.floor(random.fraction() * up.length)]!;
      // Whoever was faster may have taken it, or left it alone, while the claims were counted.
      const others = scene.replicas.filter((each) => each !== chosen && each.url() !== null);
      if (chosen.url() !== null && others.length > 0) return chosen;
    }
    await systemClock.sleep(pollMs);
  }
  return null;
}

/** By the one that keeps it running: once its process is gone, another one is started. */
async function restartPostgres(postgres: TestPostgres, signal: NodeJS.Signals): Promise<void> {
  const server = postgres.server();
  const { pid } = server;
  process.kill(pid, signal);
  while (server.pid === pid) await systemClock.sleep(pollMs);
}
