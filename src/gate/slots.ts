import { Fault, type FaultCode } from "../model/index.ts";

export interface SlotBounds {
  readonly concurrency: number;
  readonly queue: number;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/**
 * So many at once, so many of each tenant waiting, one more is refused. Tenants take turns; within
 * one it is first come, first served.
 */
export class Slots {
  readonly #bounds: SlotBounds;
  readonly #full: { readonly code: FaultCode; readonly message: string };
  /** By tenant, the one whose turn is next in front. None is empty. */
  readonly #waiting = new Map<string, Set<Waiting>>();
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

  async enter(signal: AbortSignal, tenant = ""): Promise<void> {
    if (this.tryEnter()) return;
    signal.throwIfAborted();
    if ((this.#waiting.get(tenant)?.size ?? 0) >= this.#bounds.queue)
      throw new Fault(this.#full.code, this.#full.message);
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#forget(tenant, waiting);
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => waiting.reject(signal.reason as Error);
      const waiting: Waiting = {
        resolve: () => (leave(), resolve()),
        reject: (reason) => (leave(), reject(reason)),
      };
      const queue = this.#waiting.get(tenant);
      if (queue === undefined) this.#waiting.set(tenant, new Set([waiting]));
      else queue.add(waiting);
      signal.addEventListener("abort", onAbort);
    });
  }

  leave(): void {
    const [turn] = this.#waiting;
    if (turn === undefined) {
      this.#active -= 1;
      return;
    }
    const [tenant, queue] = turn;
    this.#waiting.delete(tenant);
    this.#waiting.set(tenant, queue);
    // The place goes from one to the next without being free in between.
    const [next] = queue;
    next!.resolve();
  }

  #forget(tenant: string, waiting: Waiting): void {
    const queue = this.#waiting.get(tenant);
    queue?.delete(waiting);
    if (queue?.size === 0) this.#waiting.delete(tenant);
  }
}
