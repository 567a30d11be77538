import type pg from "pg";
import { Fault } from "../../model/index.ts";
import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import { requireChannel, requireHint } from "../../ports/hint.ts";
import type { Random } from "../../ports/random.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import { toBackoffMs } from "./backoff.ts";
import { fromFrame, toFrames, type Message } from "./bus-frame.ts";
import { connect } from "./connection.ts";
import { toFault } from "./to-fault.ts";

export interface PostgresBusOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Spreads reconnects. Without it they follow the plain doubling. */
  readonly random?: Pick<Random, "fraction">;
  /** How often subscribers are told that they may have missed something. */
  readonly pollMs?: number;
}

/** Everything goes through one Postgres channel: ours are in the frames. */
const notification = "countersign";
const queueLimit = 10_000;
const statementTimeoutMs = 5_000;
const defaultPollMs = 2_000;

type Listener = (payload: string | null) => void;

interface Publication extends Message {
  readonly sent: () => void;
  readonly failed: (error: unknown) => void;
}

/** Hints over LISTEN/NOTIFY, on a connection of its own that is made again when it breaks. */
export async function openPostgresBus(options: PostgresBusOptions): Promise<Bus> {
  const bus = new PostgresBus(options);
  await bus.open();
  return bus;
}

class PostgresBus implements Bus {
  readonly #options: PostgresBusOptions;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #stop = new AbortController();
  #client: pg.Client | null = null;
  #queue: Publication[] = [];
  #publishing = false;
  #reconnecting: Promise<void> | null = null;
  #polling: Promise<void> | null = null;

  constructor(options: PostgresBusOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      throw toFault(error);
    }
    this.#polling = this.#poll();
  }

  publish(channel: string, payload: string): Promise<void> {
    return new Promise((sent, failed) => {
      requireHint(channel, payload);
      if (this.#stop.signal.aborted) throw new Fault("draining", "The bus is closed");
      if (this.#queue.length >= queueLimit) {
        throw new Fault("store_busy", `${queueLimit} hints are waiting to be sent`);
      }
      this.#queue.push({ channel, payload, sent, failed });
      if (!this.#publishing) void this.#flush();
    });
  }

  async subscribe(channel: string, onMessage: Listener): Promise<() => Promise<void>> {
    requireChannel(channel);
    // One subscription an object: the same function may be subscribed twice.
    const listener: Listener = (payload) => onMessage(payload);
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    return async () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(channel) === listeners) {
        this.#listeners.delete(channel);
      }
    };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#polling, this.#reconnecting]);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
    this.#failQueue(new Fault("draining", "The bus is closed"));
  }

  /** What comes in while a statement is under way goes out with the next one. */
  async #flush(): Promise<void> {
    this.#publishing = true;
    // What the same turn of the event loop publishes shares the statement.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#notify(batch);
        for (const { sent } of batch) sent();
      } catch (error) {
        for (const { failed } of batch) failed(toFault(error));
      }
    }
    this.#publishing = false;
  }

  async #notify(batch: readonly Message[]): Promise<void> {
    if (this.#client === null) throw new Fault("store_unavailable", "The bus is reconnecting");
    await this.#client.query({
      name: "notify",
      text: "select pg_notify($1, frame) from unnest($2::text[]) as frame",
      values: [notification, toFrames(batch)],
    });
  }

  async #connect(): Promise<void> {
    const { url } = this.#options;
    const client = await connect({ url, name: "bus", statementTimeoutMs });
    client.on("notification", ({ payload }) => this.#deliver(fromFrame(payload ?? "")));
    try {
      await client.query(`listen ${notification}`);
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
    client.on("end", () => this.#lose(client));
    this.#client = client;
  }

  #lose(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    if (this.#stop.signal.aborted) return;
    this.#options.telemetry.log("warn", "The bus lost its connection to Postgres");
    this.#reconnecting ??= this.#reconnect().finally(() => {
      this.#reconnecting = null;
    });
  }

  async #reconnect(): Promise<void> {
    const random = this.#options.random ?? { fraction: () => 1 };
    for (let attempt = 0; !this.#stop.signal.aborted; attempt += 1) {
      await this.#pause(toBackoffMs(attempt, random));
      if (this.#stop.signal.aborted) return;
      try {
        await this.#connect();
      } catch {
        continue;
      }
      // Whatever was said meanwhile was not heard.
      this.#tellAll();
      return;
    }
  }

  /** Finds a connection that died without a word, and covers what was lost in any other way. */
  async #poll(): Promise<void> {
    const pollMs = this.#options.pollMs ?? defaultPollMs;
    for (;;) {
      await this.#pause(pollMs);
      if (this.#stop.signal.aborted) return;
      this.#tellAll();
      const client = this.#client;
      if (client === null || this.#publishing) continue;
      await client.query("select 1").catch(() => {
        // `end` destroys a connection whose query is still under way, and that tells `#lose`.
        void client.end().catch(() => {});
      });
    }
  }

  async #pause(delayMs: number): Promise<void> {
    await this.#options.clock.sleep(delayMs, this.#stop.signal).catch(() => {});
  }

  #deliver(messages: readonly Message[]): void {
    for (const { channel, payload } of messages) {
      for (const listener of this.#listeners.get(channel) ?? []) this.#tell(listener, payload);
    }
  }

  #tellAll(): void {
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) this.#tell(listener, null);
    }
  }

  /** A subscriber that throws must not keep the others from hearing. */
  #tell(listener: Listener, payload: string | null): void {
    try {
      listener(payload);
    } catch (error) {
      this.#options.telemetry.log("error", "A subscriber of the bus threw", {
        error: String(error),
      });
    }
  }

  #failQueue(error: unknown): void {
    for (const { failed } of this.#queue.splice(0)) failed(error);
  }
}
