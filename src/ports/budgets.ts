import type { Principal } from "../model/index.ts";

/** What may be used up in a period. Offered by authority, asked by the gate before a call is sent. */
export interface Budgets {
  /**
   * Holds what the call will use, from every budget that is about it or from none; null where none
   * is. At once where a lease is at hand. Throws `budget_exhausted` and `price_unknown`.
   */
  reserve(spending: Spending): Held | Promise<Held> | null;
}

export interface Spending {
  readonly principal: Principal;
  /** Null for a model. */
  readonly server: string | null;
  /** As rules name it, `server__tool`; null for prompts, resources and models. */
  readonly tool: string | null;
  /** By its alias. Absent: it is no model that is asked. */
  readonly model?: string;
  /** Of a model, the most that it can cost. */
  readonly priceMicros: number | null;
}

export interface Held {
  /** A budget in money holds some of it. */
  readonly isMoney: boolean;
  /** For a call of which nothing was sent; once. */
  giveBack(): void;
  /** What it did cost, in the place of what was held as the most; once. */
  settle(micros: number): void;
}
