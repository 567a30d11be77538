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
  readonly server: string;
  /** As rules name it, `server__tool`; null for prompts and resources. */
  readonly tool: string | null;
  readonly priceMicros: number | null;
}

export interface Held {
  /** For a call of which nothing was sent; once. */
  giveBack(): void;
}
