import { Fault, type RunId, type TenantId } from "../model/index.ts";
import type { Clock } from "./clock.ts";
import type { Runs, WakeNow } from "./run-rows.ts";
import { TimerSweeper } from "./timer-sweeper.ts";
import type { Serving, Wake, WakeDepth, Worker } from "./wake.ts";
import { wakeLimits } from "./wake-limits.ts";

export interface InMemoryWakeOptions {
  readonly clock: Clock;
  readonly runs: Pick<Runs, "setTimer" | "wakeDue">;
  readonly retries?: number;
}

export interface InMemoryWake extends Wake {
  /** What the store calls for the wakes of a unit that it committed. */
  enlist(wakes: readonly WakeNow[]): void;
}

/** Wakes of one process that lives as long as they do. Nothing here survives it. */
export function createInMemoryWake(options: InMemoryWakeOptions): InMemoryWake {
  return new Engine(options);
}

interface Job {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly order: number;
  readonly attempt: number;
  /** Since when it may be taken; not yet while its backoff lasts. */
  dueAtMs: number;
  priority: number;
}

class Engine implements InMemoryWake {
  readonly #clock: Clock;
  readonly #runs: InMemoryWakeOptions["runs"];
  readonly #retries: number;
  readonly #created = new Map<RunId, Job>();
  readonly #retrying = new Map<RunId, Job>();
  readonly #active = new Set<RunId>();
  readonly #parked = new Set<RunId>();
  readonly #lanes = new Set<Lane>();
  #order = 0;

  constructor({ clock, runs, retries = wakeLimits.retries }: InMemoryWakeOptions) {
    this.#clock = clock;
    this.#runs = runs;
    this.#retries = retries;
  }

  async wake({ atMs, ...wake }: WakeNow & { readonly atMs?: number }): Promise<void> {
    if (atMs === undefined || atMs <= this.#clock.nowMs()) return this.enlist([wake]);
    if (await this.#runs.setTimer(wake.run, atMs)) {
      for (const lane of this.#lanes) lane.sweeper.expect(atMs);
    }
  }

  enlist(wakes: readonly WakeNow[]): void {
    for (const { run, tenant, priority = 0 } of wakes) {
      const queued = this.#created.get(run);
      if (queued !== undefined) queued.priority = Math.max(queued.priority, priority);
      else this.#created.set(run, this.#toJob({ run, tenant, priority }));
    }
    this.#dispatch();
  }

  async serve(worker: Worker): Promise<Serving> {
    const onFault = (fault: unknown) => worker.onFault?.(fault);
    const lane: Lane = {
      worker,
      sweeper: new TimerSweeper({ clock: this.#clock, runs: this.#runs, onFault }),
      inFlight: new Map(),
      cursor: "",
    };
    this.#lanes.add(lane);
    this.#dispatch();
    return { stop: ({ withinMs }) => this.#stop(lane, withinMs) };
  }

  async depth(): Promise<WakeDepth> {
    const queued = [...this.#created.values(), ...this.#retrying.values()];
    const nowMs = this.#clock.nowMs();
    const ages = queued.map(({ dueAtMs }) => nowMs - dueAtMs);
    return {
      queued: queued.length,
      active: this.#active.size,
      parked: [...this.#parked].filter((run) => !this.#created.has(run)).length,
      oldestAgeMs: Math.max(0, ...ages),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lanes].map((lane) => this.#stop(lane, 0)));
  }

  #toJob(wake: Required<WakeNow>): Job {
    this.#order += 1;
    return { ...wake, order: this.#order, attempt: 0, dueAtMs: this.#clock.nowMs() };
  }

  #dispatch(): void {
    for (const lane of this.#lanes) {
      for (let job = this.#next(lane); job !== null; job = this.#next(lane)) this.#start(lane, job);
    }
  }

  /** The wake for one free slot: of the tenant that holds fewest, the next in turn among equals. */
  #next({ worker, inFlight, cursor }: Lane): Job | null {
    if (inFlight.size >= worker.slots) return null;
    const nowMs = this.#clock.nowMs();
    const cap = worker.slotsPerTenant ?? worker.slots;
    const held = (tenant: string) =>
      [...inFlight.values()].filter((each) => each.tenant === tenant).length;
    const ready = [...this.#retrying.values(), ...this.#created.values()].filter(
      (job) =>
        job.dueAtMs <= nowMs &&
        !this.#active.has(job.run) &&
        (this.#retrying.get(job.run) ?? job) === job &&
        held(job.tenant) < cap,
    );
    const turn = ({ tenant }: Job) => (tenant > cursor ? 0 : 1);
    const [first] = ready.toSorted(
      (a, b) =>
        held(a.tenant) - held(b.tenant) ||
        turn(a) - turn(b) ||
        Number(a.tenant > b.tenant) - Number(a.tenant < b.tenant) ||
        b.priority - a.priority ||
        a.order - b.order,
    );
    return first ?? null;
  }

  #start(lane: Lane, job: Job): void {
    const from = this.#retrying.get(job.run) === job ? this.#retrying : this.#created;
    from.delete(job.run);
    this.#active.add(job.run);
    this.#parked.delete(job.run);
    lane.cursor = job.tenant;
    const abort = new AbortController();
    const ended = this.#advance(lane, job, abort.signal).finally(() => {
      this.#active.delete(job.run);
      lane.inFlight.delete(job.run);
      this.#dispatch();
    });
    lane.inFlight.set(job.run, { tenant: job.tenant, abort, ended });
  }

  async #advance({ worker }: Lane, job: Job, signal: AbortSignal): Promise<void> {
    const { run, tenant, attempt } = job;
    // As with a real queue, nothing runs before the caller that woke it has gone on.
    await Promise.resolve();
    try {
      await worker.onWake({ run, tenant, attempt }, signal);
    } catch (error) {
      if (!signal.aborted) worker.onFault?.(error);
      if (attempt >= this.#retries) this.#park(job, worker);
      else this.#retry(job);
    }
  }

  #park({ run, tenant, attempt }: Job, worker: Worker): void {
    this.#parked.add(run);
    const message = `run ${run} failed ${attempt + 1} times and is parked`;
    worker.onFault?.(new Fault("wake_parked", message, { details: { run, tenant } }));
  }

  #retry(job: Job): void {
    const backoffMs = Math.min(1_000 * 2 ** job.attempt, wakeLimits.longestBackoffMs);
    const next = { ...job, attempt: job.attempt + 1, dueAtMs: Number.POSITIVE_INFINITY };
    this.#retrying.set(job.run, next);
    void this.#clock.sleep(backoffMs).then(() => {
      next.dueAtMs = this.#clock.nowMs();
      this.#dispatch();
    });
  }

  async #stop(lane: Lane, withinMs: number): Promise<void> {
    this.#lanes.delete(lane);
    const ended = Promise.all([...lane.inFlight.values()].map((each) => each.ended));
    const bound = new AbortController();
    const late = this.#clock.sleep(withinMs, bound.signal).catch(() => {});
    await Promise.all([lane.sweeper.stop(), Promise.race([ended, late])]);
    bound.abort();
    for (const { abort } of lane.inFlight.values()) {
      abort.abort(new Fault("draining", "this worker stops"));
    }
  }
}

interface Lane {
  readonly worker: Worker;
  readonly sweeper: TimerSweeper;
  readonly inFlight: Map<RunId, InFlight>;
  cursor: string;
}

interface InFlight {
  readonly tenant: TenantId;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}
