import { Fault } from "../../model/index.ts";
import type { WakeNow } from "../../ports/run-rows.ts";

/** A second of what one connection queues; who brings more is told to come again. */
const mostWaiting = 20_000;

/**
 * Wakes asked for while others are being queued go together in the next statement: Postgres lets
 * one transaction with a NOTIFY commit at a time, and each of them waits for the disk.
 */
export class EnqueueBatch {
  readonly #send: (wakes: readonly WakeNow[]) => Promise<void>;
  #current: Promise<void> = Promise.resolve();
  #next: { readonly wakes: WakeNow[]; readonly sent: Promise<void> } | null = null;

  constructor(send: (wakes: readonly WakeNow[]) => Promise<void>) {
    this.#send = send;
  }

  add(wakes: readonly WakeNow[]): Promise<void> {
    if ((this.#next?.wakes.length ?? 0) + wakes.length > mostWaiting) {
      return Promise.reject(new Fault("store_busy", `${mostWaiting} wakes wait to be queued`));
    }
    this.#next ??= this.#open();
    this.#next.wakes.push(...wakes);
    return this.#next.sent;
  }

  #open(): { readonly wakes: WakeNow[]; readonly sent: Promise<void> } {
    const wakes: WakeNow[] = [];
    const sent = this.#current.then(() => {
      this.#next = null;
      return this.#send(wakes);
    });
    // The next batch starts whatever came of this one; its callers are told by `sent`.
    this.#current = sent.catch(() => {});
    return { wakes, sent };
  }
}
