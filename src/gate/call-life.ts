import { Fault, type EntryId, type TenantId } from "../model/index.ts";
import type { CallRows } from "../ports/call-rows.ts";
import type { Clock } from "../ports/clock.ts";

export interface LifeParts {
  readonly clock: Clock;
  readonly calls: Pick<CallRows, "prolong">;
}

/** A call that may begin: its tenant, the entry of its intent (null for a read), its own time. */
export interface Living {
  readonly tenant: TenantId;
  readonly of: EntryId | null;
  readonly notAfterMs: number;
}

/**
 * Until when anything of a call may be sent. One that waits for its client lives longer than it was
 * given at first, and its row says so before: nobody takes it for lost while it can still act (I4).
 */
export class CallLife {
  readonly #parts: LifeParts;
  readonly #living: Living;
  #notAfterMs: number;

  constructor(parts: LifeParts, living: Living) {
    this.#parts = parts;
    this.#living = living;
    this.#notAfterMs = living.notAfterMs;
  }

  get notAfterMs(): number {
    return this.#notAfterMs;
  }

  get isOver(): boolean {
    return this.#parts.clock.nowMs() >= this.#notAfterMs;
  }

  /** Throws once nothing of it may be sent any more. */
  check(): void {
    if (this.isOver) throw new Fault("deadline_exceeded", "The call's time is over.");
  }

  /** Durable when it resolves, and never shorter than before. A Fault: the call goes no further. */
  async prolong(toMs: number): Promise<void> {
    this.check();
    const { tenant, of } = this.#living;
    const longerMs = Math.max(this.#notAfterMs, toMs);
    if (of !== null && !(await this.#parts.calls.prolong({ tenant, id: of }, longerMs)))
      throw new Fault("parked_lost", "The call was given up meanwhile.");
    this.#notAfterMs = Math.max(this.#notAfterMs, longerMs);
  }
}
