import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { look, type SharedScene } from "./run-scene.ts";

/** A claim is renewed every three seconds by whoever still lives; then it is known who does not. */
const silentMs = 5_000;
const lookEveryMs = 100;
const boundMs = 90_000;

interface Held {
  readonly run: string;
  readonly epoch: string;
  readonly heldAt: string;
}

/** Claims on wakes, by the run; the epoch moves when somebody else takes the run. */
const claims = `
  select j.singleton_key as run, r.epoch::text as epoch, j.heartbeat_on::text as "heldAt"
  from wake.job_common j join countersign.runs r on r.run_id = j.singleton_key::uuid
  where j.name = 'wake' and j.state = 'active' and not r.ended`;

const epochs = `
  select run_id::text as run, epoch::text as epoch, ended from countersign.runs
  where run_id = any($1::uuid[])`;

/** A take-over of one run: when it was taken, on the monotonic clock. */
interface TakeOver {
  readonly run: string;
  readonly atMs: number;
}

/**
 * Called once a replica does not answer any more: the runs that it held, each when it was taken over.
 * What others hold, or was ended by others, is not among them.
 */
export async function followTakeOvers(scene: SharedScene): Promise<readonly TakeOver[]> {
  const before = (await look<Held>(scene, claims)) ?? [];
  const atFirst = new Map(before.map((held) => [held.run, held]));
  await systemClock.sleep(silentMs);
  const later = (await look<Held>(scene, claims)) ?? [];
  const silent = new Map(
    later
      .filter(({ run, heldAt, epoch }) => {
        const first = atFirst.get(run);
        return first?.heldAt === heldAt && first.epoch === epoch;
      })
      .map(({ run, epoch }) => [run, epoch]),
  );
  return untilTaken(scene, silent);
}

/** By the run: the epoch under which it is held. */
export async function readClaims(scene: SharedScene): Promise<Map<string, string>> {
  const held = (await look<Held>(scene, claims)) ?? [];
  return new Map(held.map(({ run, epoch }) => [run, epoch]));
}

/** When each of them is taken by somebody else, or by the same one anew. */
async function untilTaken(
  scene: SharedScene,
  silent: Map<string, string>,
): Promise<readonly TakeOver[]> {
  const taken: TakeOver[] = [];
  const untilMs = systemClock.monotonicMs() + boundMs;
  while (silent.size > 0) {
    if (systemClock.monotonicMs() > untilMs)
      throw new Error(`nobody took over ${[...silent.keys()].join(", ")}`);
    const rows = await look<{ run: string; epoch: string; ended: boolean }>(scene, epochs, [
      [...silent.keys()],
    ]);
    const atMs = systemClock.monotonicMs();
    for (const { run, epoch, ended } of rows ?? []) {
      const isTaken = epoch !== silent.get(run);
      // Ended by whoever had it: it was slow, not silent.
      if (isTaken || ended) silent.delete(run);
      if (isTaken) taken.push({ run, atMs });
    }
    await systemClock.sleep(lookEveryMs);
  }
  return taken;
}

/** `12.3–14.1 s, median 13.0`. */
export function toFigures(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  if (sorted.length === 0) return "none";
  const toSeconds = (each: number) => (each / 1_000).toFixed(1);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  return `${toSeconds(sorted[0]!)}–${toSeconds(sorted.at(-1)!)} s, median ${toSeconds(median)}, ${sorted.length} runs`;
}
