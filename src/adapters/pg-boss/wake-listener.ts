import pg from "pg";
import type { Clock } from "../../ports/clock.ts";
import { channel } from "./wake-sql.ts";

export interface WakeListenerOptions {
  readonly url: string;
  readonly clock: Clock;
  /** A wake was queued somewhere, or may have been while this was not connected. */
  readonly onArrival: () => void;
  readonly onFault: (fault: unknown) => void;
}

/** A connection that stays silent may be dead; a NOTIFY lost that way costs one poll. */
const checkEveryMs = 10_000;
const checkTimeoutMs = 5_000;
const connectTimeoutMs = 5_000;
const shortestRetryMs = 250;
const longestRetryMs = 5_000;

/** LISTEN on a connection of its own, opened again whenever it breaks. Only ever a hint. */
export class WakeListener {
  readonly #options: WakeListenerOptions;
  readonly #closing = new AbortController();
  readonly #listening: Promise<void>;
  #retryMs = shortestRetryMs;

  constructor(options: WakeListenerOptions) {
    this.#options = options;
    this.#listening = this.#listen();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const { clock, onFault } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#listenOnce();
      } catch (error) {
        if (signal.aborted) return;
        onFault(error);
      }
      await clock.sleep(this.#retryMs, signal).catch(() => {});
      this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
    }
  }

  async #listenOnce(): Promise<void> {
    const { url, clock, onArrival } = this.#options;
    const client = new pg.Client({
      connectionString: url,
      application_name: "countersign wake listener",
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: checkTimeoutMs,
      keepAlive: true,
    });
    const broken = new AbortController();
    client.on("error", (error) => broken.abort(error));
    client.on("end", () => broken.abort(new Error("the listening connection ended")));
    client.on("notification", onArrival);
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      this.#retryMs = shortestRetryMs;
      onArrival();
      const either = AbortSignal.any([broken.signal, this.#closing.signal]);
      for (;;) {
        await clock.sleep(checkEveryMs, either);
        await client.query("select 1");
      }
    } finally {
      await client.end().catch(() => {});
    }
  }
}
