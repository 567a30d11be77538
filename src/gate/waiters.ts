/** Requests that wait for a person just now, of all that may at once. */
export class Waiters {
  readonly #max: number;
  readonly #onCount: (count: number) => void;
  readonly #closing = new AbortController();
  #count = 0;

  constructor(max: number, onCount: (count: number) => void) {
    this.#max = max;
    this.#onCount = onCount;
  }

  /** The rules that these calls were asked under are not the ones in force any more. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Whoever waits is told to come back, and is then judged by the rules in force. */
  close(): void {
    this.#closing.abort();
  }

  enter(): boolean {
    if (this.#closing.signal.aborted || this.#count >= this.#max) return false;
    this.#onCount((this.#count += 1));
    return true;
  }

  leave(): void {
    this.#onCount((this.#count -= 1));
  }
}
