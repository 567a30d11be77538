import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Errand, ErrandEnd, ErrandPlace, Errands } from "../ports/errands.ts";
import type { SandboxEnd } from "../ports/sandbox.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { ErrandExit } from "./errand-answer.ts";
import { judgeErrand } from "./judge-errand.ts";
import { toErrandPieces } from "./errand-wire.ts";
import { createPool, type Pool } from "./pool.ts";
import type { PoolLimits } from "./pool-limits.ts";
import { startRunner, type RunnerParts, type RunnerSandbox } from "./runner-sandbox.ts";

export interface ErrandsOptions extends RunnerParts {
  readonly telemetry: Telemetry;
  readonly pool: PoolLimits;
}

export function createErrands(options: ErrandsOptions): Errands {
  return new SandboxedErrands(options);
}

/** Each errand in a sandbox of its own: taken from those that wait, or started for it. */
class SandboxedErrands implements Errands {
  readonly #options: ErrandsOptions;
  readonly #pool: Pool<ErrandPlace, RunnerSandbox>;
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(options: ErrandsOptions) {
    this.#options = options;
    const { clock, telemetry, pool: limits } = options;
    const start = (place: ErrandPlace) => startRunner(options, place);
    this.#pool = createPool({ clock, telemetry, limits, start });
  }

  async run(errand: Errand, signal: AbortSignal): Promise<ErrandEnd> {
    const { limits } = this.#options;
    judgeErrand(errand, limits);
    signal.throwIfAborted();
    if (this.#closing.signal.aborted)
      throw new Fault("draining", "No program is started any more.");
    if (this.#running.size + this.#pool.abandoned >= limits.mostRunning)
      throw new Fault("overloaded", `${limits.mostRunning} programs are under way in sandboxes.`);
    const running = this.#run(errand, AbortSignal.any([signal, this.#closing.signal]));
    const settled = running.catch(() => undefined);
    this.#running.add(settled);
    try {
      return await running;
    } finally {
      this.#running.delete(settled);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Fault("draining", "The server is shutting down."));
    await Promise.all([this.#pool.close(), ...this.#running]);
  }

  async #run(errand: Errand, signal: AbortSignal): Promise<ErrandEnd> {
    const { kept: first, wasWarm } = await this.#pool.take(errand.place, signal);
    const ended = await this.#carryOut(first, { errand, signal, wasWarm });
    if (ended !== null) return ended;
    // It died while it waited, and nothing of the errand was begun.
    if (!wasWarm) throw new Fault("sandbox_failed", "The sandbox ended before the program began.");
    const second = await this.#pool.start(errand.place, signal);
    const again = await this.#carryOut(second, { errand, signal, wasWarm: false });
    if (again !== null) return again;
    throw new Fault("sandbox_failed", "Two sandboxes ended before the program began.");
  }

  /** Null: the program was not begun. */
  async #carryOut(runner: RunnerSandbox, carrying: Carrying): Promise<ErrandEnd | null> {
    const { clock, limits } = this.#options;
    const { errand, signal, wasWarm } = carrying;
    const { answer } = runner;
    const begunMs = clock.monotonicMs();
    const timeoutMs = await beginOrEnd(runner, errand);
    runner.send(toErrandPieces(errand, limits), errand.files);
    const cut = await waitForEnd(runner, { clock, timeoutMs, signal });
    // A machine says that memory ran out when our own part has ended, which it does now by itself.
    if (answer.phase === "done" && wasKilled(answer.exit))
      await Promise.race([runner.ended, clock.sleep(ownEndMs)]);
    runner.kill();
    const end = await runner.ended;
    if (answer.refusal !== null)
      throw new Fault("sandbox_failed", `Its files could not be laid out (${answer.refusal}).`);
    if (answer.phase === "ready" && answer.wrong === null && cut === null) return null;
    const isOver = answer.phase === "exited" || answer.phase === "done";
    const byItself = isOver && cut === null;
    const isWithout = byItself && answer.changes === null;
    const untaken = answer.untaken ?? "its sandbox ended before its files were read";
    const reason = toReason({ timeoutMs, cut, end, answer });
    return {
      reason: isWithout ? `${reason}, but ${untaken}` : reason,
      exitCode: byItself ? (answer.exit?.code ?? null) : null,
      stdout: answer.stdout,
      stderr: answer.stderr,
      changes: cut === null ? answer.changes : null,
      usage: end.usage,
      stamp: runner.stamp(),
      ms: clock.monotonicMs() - begunMs,
      wasWarm,
    };
  }
}

interface Carrying {
  readonly errand: Errand;
  readonly signal: AbortSignal;
  readonly wasWarm: boolean;
}

/** What we ended it for; null: it ended, or said something wrong. */
type Cut = "timeout" | "abort" | null;

interface Waiting {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function waitForEnd(
  runner: RunnerSandbox,
  { clock, timeoutMs, signal }: Waiting,
): Promise<Cut> {
  const { answer } = runner;
  const done = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Cut>();
  runner.onSaid(() => {
    if (answer.phase === "done" || answer.wrong !== null || answer.refusal !== null) resolve(null);
  });
  const abort = (): void => resolve("abort");
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  void runner.ended.then(() => resolve(null));
  clock.sleep(timeoutMs, done.signal).then(
    () => resolve("timeout"),
    () => undefined,
  );
  try {
    return await promise;
  } finally {
    done.abort();
    signal.removeEventListener("abort", abort);
  }
}

/** How long it may take. A sandbox that nothing was done in goes with what is thrown. */
async function beginOrEnd(runner: RunnerSandbox, errand: Errand): Promise<number> {
  try {
    return Math.min(errand.timeoutMs, errand.beforeBegin?.() ?? errand.timeoutMs);
  } catch (error) {
    runner.kill();
    await runner.ended;
    throw error;
  }
}

interface Ended {
  readonly timeoutMs: number;
  readonly cut: Cut;
  readonly end: SandboxEnd;
  readonly answer: RunnerSandbox["answer"];
}

const killedBy = 128 + 9;
/** Our own part has nothing left to do. */
const ownEndMs = 2_000;

const wasKilled = (exit: ErrandExit | null): boolean =>
  exit === null || exit.signal === "SIGKILL" || exit.code === killedBy;

function toReason({ timeoutMs, cut, end, answer }: Ended): string {
  const { exit, wrong } = answer;
  if (cut === "timeout") return `took longer than ${timeoutMs / 1_000} s`;
  if (cut === "abort") return "was called off";
  if (wasKilled(exit) && (end.usage.memoryKills ?? 0) > 0) return "used more memory than it may";
  if (exit === null) return wrong === null ? end.reason : `was ended, since ${wrong}`;
  return toExitReason(exit);
}

function toExitReason({ code, signal, error }: ErrandExit): string {
  if (error !== null) return `could not be started (${error})`;
  return signal === null ? `ended with ${code}` : `was ended by ${signal}`;
}
