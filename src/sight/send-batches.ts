import { Nudge } from "../lib/nudge.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Sent, Sink } from "../ports/sink.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** Somebody who is sent metrics, or lines of the log. The same object means the same destination. */
export interface Destination<Batch> {
  readonly name: string;
  readonly intervalMs: number;
  /** Connects with the first batch. */
  readonly open: () => Sink<Batch>;
}

export interface SendingOptions<Batch> {
  readonly signal: "metrics" | "logs";
  /** Of the revision that is serving; asked each time. */
  readonly destinations: () => readonly Destination<Batch>[];
  /** What is to be sent now; null: nothing. */
  readonly next: (destination: string) => Promise<Batch | null>;
  /** It was taken, or never will be. Whether there is more that should not wait for the next time. */
  readonly settle: (destination: string, batch: Batch) => boolean;
  /** Who is a destination by now. */
  readonly onServing?: (names: ReadonlySet<string>) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** How often it is looked whether another revision has destinations. */
const lookMs = 5_000;
const leastMs = 10;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** What is left at the end is sent for so long: nobody waits longer for a process to stop. */
const lastMs = 2_000;
/** Once is nothing; so often in a row, somebody should know of it. */
const toldAfter = 5;

export interface Sending {
  /** There is too much to wait for the interval. Whoever did not take it is not hurried. */
  hurry(destination: string): void;
  /** Tries once more to send what is left. */
  stop(): Promise<void>;
}

interface Served<Batch> {
  readonly destination: Destination<Batch>;
  readonly sink: Sink<Batch>;
  dueMs: number;
  failures: number;
  working: Promise<void> | null;
}

/**
 * Sends each destination what there is at its interval. Nobody who makes what is sent waits for it, and one
 * destination that is away or slow holds up none of the others.
 */
export function sendBatches<Batch>(options: SendingOptions<Batch>): Sending {
  const sender = new Sender(options);
  const running = sender.run();
  return {
    hurry: (destination) => sender.hurry(destination),
    async stop() {
      sender.stop();
      await running;
    },
  };
}

class Sender<Batch> {
  readonly #options: SendingOptions<Batch>;
  readonly #stopping = new AbortController();
  /** Ends what is under way. */
  readonly #over = new AbortController();
  readonly #nudge = new Nudge();
  readonly #served = new Map<string, Served<Batch>>();

  constructor(options: SendingOptions<Batch>) {
    this.#options = options;
  }

  stop(): void {
    this.#stopping.abort();
    this.#nudge.nudge();
  }

  hurry(name: string): void {
    const one = this.#served.get(name);
    if (one === undefined || one.failures > 0) return;
    one.dueMs = this.#options.clock.monotonicMs();
    this.#nudge.nudge();
  }

  async run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      this.#follow();
      const nowMs = clock.monotonicMs();
      for (const one of this.#served.values())
        if (one.working === null && one.dueMs <= nowMs) this.#start(one);
      const idle = [...this.#served.values()].filter(({ working }) => working === null);
      const nextMs = Math.min(lookMs, ...idle.map(({ dueMs }) => dueMs - nowMs));
      await this.#nudge.wait((until) => clock.sleep(Math.max(leastMs, nextMs), until));
    }
    await this.#sendLast();
  }

  /** A changed destination has another connection, and is sent what waits for its name. */
  #follow(): void {
    const { clock, destinations, onServing } = this.#options;
    const serving = new Map(destinations().map((each) => [each.name, each]));
    for (const [name, one] of this.#served) {
      if (serving.get(name) === one.destination) continue;
      this.#served.delete(name);
      void this.#leave(one);
    }
    for (const [name, destination] of serving) {
      if (this.#served.has(name)) continue;
      const dueMs = clock.monotonicMs() + destination.intervalMs;
      const sink = destination.open();
      this.#served.set(name, { destination, sink, dueMs, failures: 0, working: null });
    }
    onServing?.(new Set(serving.keys()));
  }

  async #leave({ working, sink }: Served<Batch>): Promise<void> {
    const { telemetry, signal } = this.#options;
    await working;
    await sink.close().catch((fault: unknown) => {
      telemetry.log("debug", "a connection was not closed", { signal, fault });
    });
  }

  #start(one: Served<Batch>): void {
    const { clock, telemetry, signal } = this.#options;
    one.dueMs = clock.monotonicMs() + one.destination.intervalMs;
    one.working = sendAll(this.#options, one, this.#over.signal)
      .catch((fault: unknown) => {
        if (this.#over.signal.aborted) return;
        telemetry.log("error", `${signal} cannot be sent`, { ...nameOf(one), fault });
        putOff(this.#options, one, { kind: "failed", why: "bug", retryAfterMs: null });
      })
      .finally(() => {
        one.working = null;
        // Its next time is known only now.
        this.#nudge.nudge();
      });
  }

  async #sendLast(): Promise<void> {
    const { clock } = this.#options;
    const over = clock.sleep(lastMs, this.#over.signal).then(
      () => this.#over.abort(),
      () => undefined,
    );
    const left = [...this.#served.values()];
    for (const { working } of left) await working;
    for (const one of left) if (one.failures === 0) this.#start(one);
    await Promise.all(left.map((one) => this.#leave(one)));
    this.#over.abort();
    await over;
  }
}

function nameOf({ destination }: { readonly destination: { readonly name: string } }) {
  return { destination: destination.name };
}

async function sendAll<Batch>(
  options: SendingOptions<Batch>,
  one: Served<Batch>,
  signal: AbortSignal,
): Promise<void> {
  const { name } = one.destination;
  for (;;) {
    signal.throwIfAborted();
    const batch = await options.next(name);
    if (batch === null) return;
    const sent = await one.sink.send(batch, signal);
    count(options, name, sent);
    if (sent.kind === "failed" || sent.kind === "broken") return putOff(options, one, sent);
    if (sent.kind === "refused") {
      const facts = { ...nameOf(one), why: sent.why };
      options.telemetry.log("warn", `${options.signal} are refused and not sent again`, facts);
    }
    one.failures = 0;
    if (!options.settle(name, batch)) return;
  }
}

function count<Batch>(
  { telemetry, signal }: SendingOptions<Batch>,
  destination: string,
  sent: Sent,
): void {
  const outcome = sent.kind === "taken" && sent.rejected > 0 ? "taken_in_part" : sent.kind;
  telemetry.count("telemetry_batches", { signal, destination, outcome });
}

function putOff<Batch>(
  { clock, random, telemetry, signal }: SendingOptions<Batch>,
  one: Served<Batch>,
  sent: Extract<Sent, { kind: "failed" | "broken" }>,
): void {
  one.failures += 1;
  const { intervalMs } = one.destination;
  const mostMs = Math.min(firstPauseMs * 2 ** Math.min(one.failures - 1, 20), longestPauseMs);
  const told = sent.kind === "failed" ? sent.retryAfterMs : null;
  const pauseMs = told ?? mostMs / 2 + (random.fraction() * mostMs) / 2;
  one.dueMs = clock.monotonicMs() + Math.max(pauseMs, intervalMs);
  const facts = { ...nameOf(one), why: sent.why, failures: one.failures };
  const level = one.failures === toldAfter ? "warn" : "debug";
  telemetry.log(level, `${signal} were not taken; they are sent again`, facts);
}
