import type { TenantId } from "../model/index.ts";
import type { Effect } from "./catalog.ts";

/** What is stopped right now, as this replica has heard. Offered by authority, asked by the gate. */
export interface Freezes {
  /**
   * Synchronous and cheap: it is asked when a call begins, and again before its first byte is
   * written. Throws `frozen`, and `freeze_unknown` for an effect where nothing was heard for long.
   */
  check(subject: FreezeSubject): void;
}

export interface FreezeSubject {
  readonly principal: FrozenPrincipal;
  /** Null for a model. */
  readonly server: string | null;
  /** As rules name it, `server__tool`; null for prompts, resources and models. */
  readonly tool: string | null;
  readonly effect: Effect;
}

/** What of a principal can be frozen. */
export interface FrozenPrincipal {
  readonly tenant: TenantId;
  readonly actor: { readonly agent: string } | null;
}
