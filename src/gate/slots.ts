import { Fault, type FaultCode } from "../model/index.ts";

export interface SlotBounds {
  readonly concurrency: number;
  readonly queue: number;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** So many at once, so many waiting, one more is refused. First come, first served. */
export class Slots {
  readonly #bounds: SlotBounds;
  readonly #full: { readonly code: FaultCode; readonly message: string };
  readonly #waiting = new Set<Waiting>();
  #active = 0;

  constructor(bounds: SlotBounds, full: { readonly code: FaultCode; readonly message: string }) {
    this.#bounds = bounds;
    this.#full = full;
  }

  get active(): number {
    return this.#active;
  }

  get isIdle(): boolean {
    return this.#active === 0 && this.#waiting.size === 0;
  }

  /** True when there was room; nothing is waited for and nothing is allocated. */
  tryEnter(): boolean {
    if (this.#active >= this.#bounds.concurrency || this.#waiting.size > 0) return false;
    this.#active += 1;
    return true;
  }

  async enter(signal: AbortSignal): Promise<void> {
    if (this.tryEnter()) return;
    signal.throwIfAborted();
    if (this.#waiting.size >= this.#bounds.queue)
      throw new Fault(this.#full.code, this.#full.message);
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting);
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => waiting.reject(signal.reason as Error);
      const waiting: Waiting = {
        resolve: () => (leave(), resolve()),
        reject: (reason) => (leave(), reject(reason)),
      };
      this.#waiting.add(waiting);
      signal.addEventListener("abort", onAbort);
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    // The place goes from one to the next without being free in between.
    if (next === undefined) this.#active -= 1;
    else next.resolve();
  }
}
