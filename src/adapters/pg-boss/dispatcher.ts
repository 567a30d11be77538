import { Nudge } from "../../lib/nudge.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Serving, Worker } from "../../ports/wake.ts";
import { Heartbeat, type Held } from "./heartbeat.ts";
import type { Claim, WakeQueue } from "./wake-queue.ts";

export interface DispatcherOptions {
  readonly queue: WakeQueue;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly worker: Worker;
}

/** The floor below a NOTIFY that went missing, and what finds wakes whose backoff has passed. */
const pollMs = 2_000;
/** How long a wake that was told to stop may take to do so before its claim is given back. */
const graceMs = 1_000;
/** Claims in sequence that may end with nothing: others took it, or many tenants wait for retries. */
const fruitlessClaims = 40;
const shortestPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Fills the free slots of one worker from the queue. One claim and one settlement are under way at
 * a time, so what ends or arrives meanwhile goes together in the next one.
 */
export class Dispatcher implements Serving {
  readonly #options: DispatcherOptions;
  readonly #held = new Set<Held>();
  readonly #nudge = new Nudge();
  readonly #heartbeat: Heartbeat;
  readonly #forget: () => void;
  readonly #dispatching: Promise<void>;
  #cursor = "";
  #pauseMs = 0;
  #fruitless = 0;
  #draining = false;
  #ended = false;
  #stopping: Promise<void> | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { queue, clock } = options;
    this.#heartbeat = new Heartbeat({
      queue,
      clock,
      held: this.#held,
      onFault: (fault) => this.#report(fault),
    });
    this.#forget = queue.onArrival(() => this.#nudge.nudge());
    this.#dispatching = this.#dispatch();
  }

  stop(options: { readonly withinMs: number }): Promise<void> {
    this.#stopping ??= this.#stop(options.withinMs);
    return this.#stopping;
  }

  async #stop(withinMs: number): Promise<void> {
    this.#draining = true;
    await this.#emptied(withinMs);
    for (const each of this.#held) {
      if (each.state === "running") each.abort.abort(new Fault("draining", "this worker stops"));
    }
    await this.#emptied(graceMs);
    for (const each of this.#held) if (each.state === "running") fail(each, "stopped");
    await this.#emptied(graceMs);
    this.#ended = true;
    this.#forget();
    this.#nudge.nudge();
    await this.#heartbeat.stop();
    await this.#dispatching;
    // Wakes that were queued behind ours are for others now, and need not wait for their poll.
    await this.#options.queue.announce().catch(() => {});
  }

  /** Resolves when nothing is held any more, or after the bound. */
  async #emptied(withinMs: number): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + withinMs;
    while (this.#held.size > 0 && clock.monotonicMs() < untilMs) {
      this.#nudge.nudge();
      await clock.sleep(Math.min(20, withinMs));
    }
  }

  async #dispatch(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#ended) {
      if (await this.#turn()) continue;
      if (this.#pauseMs > 0) await clock.sleep(this.#pauseMs);
      else await this.#nudge.wait((signal) => clock.sleep(pollMs, signal));
    }
  }

  /** Settles what ended, then fills what is free. True when there may be more at once. */
  async #turn(): Promise<boolean> {
    try {
      await this.#settle();
      const more = await this.#fill();
      this.#pauseMs = 0;
      return more;
    } catch (error) {
      this.#report(error);
      this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, shortestPauseMs), longestPauseMs);
      return false;
    }
  }

  async #settle(): Promise<void> {
    const { queue } = this.#options;
    const done = [...this.#held].filter(({ state }) => state === "done");
    if (done.length > 0) {
      await queue.finish(done.map(({ claim }) => claim));
      for (const each of done) this.#release(each, "done");
    }
    for (const each of [...this.#held].filter(({ state }) => state === "failed")) {
      await queue.fail(each.claim, each.reason);
      const parked = each.claim.attempt >= queue.retries;
      this.#release(each, parked ? "parked" : "failed");
      if (parked) this.#report(toParked(each.claim));
    }
  }

  async #fill(): Promise<boolean> {
    const { queue, clock, worker } = this.#options;
    const free = worker.slots - this.#held.size;
    if (this.#draining || free <= 0) return false;
    const askedAtMs = clock.monotonicMs();
    const answer = await queue.claim({
      free,
      perTenant: worker.slotsPerTenant ?? worker.slots,
      held: this.#countByTenant(),
      cursor: this.#cursor,
    });
    this.#cursor = answer.cursor;
    for (const claim of answer.claims) {
      const abort = new AbortController();
      const held: Held = { claim, abort, state: "running", renewedAtMs: askedAtMs, reason: "" };
      this.#held.add(held);
      void this.#advance(held);
    }
    this.#fruitless = answer.claims.length > 0 ? 0 : this.#fruitless + 1;
    if (answer.more && this.#fruitless < fruitlessClaims) return true;
    this.#fruitless = 0;
    return false;
  }

  async #advance(held: Held): Promise<void> {
    const { run, tenant, attempt } = held.claim;
    try {
      await this.#options.worker.onWake({ run, tenant, attempt }, held.abort.signal);
      if (held.state === "running") held.state = "done";
    } catch (error) {
      if (held.state === "running") fail(held, toReason(error));
      // A wake that was told to stop may end by throwing why.
      if (!held.abort.signal.aborted) this.#report(error);
    }
    if (held.state === "lost") this.#release(held, "lost");
    this.#nudge.nudge();
  }

  #release(held: Held, outcome: "done" | "failed" | "parked" | "lost"): void {
    this.#held.delete(held);
    this.#options.telemetry.count("wakes", { outcome });
  }

  #countByTenant(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { claim } of this.#held)
      counts.set(claim.tenant, (counts.get(claim.tenant) ?? 0) + 1);
    return counts;
  }

  #report(fault: unknown): void {
    this.#options.worker.onFault?.(fault);
  }
}

function fail(held: Held, reason: string): void {
  held.state = "failed";
  held.reason = reason;
}

/** What is kept beside the wake: a name from our own tables, for a message may hold anything. */
function toReason(error: unknown): string {
  if (error instanceof Fault) return error.code;
  return error instanceof Error ? error.name : "unknown";
}

function toParked({ run, tenant, attempt }: Claim): Fault {
  return new Fault("wake_parked", `run ${run} failed ${attempt + 1} times and is parked`, {
    details: { run, tenant },
  });
}
