import type { TenantId } from "../model/index.ts";

/**
 * What is on its way to webhooks. A row stays for a while after its end, so that an event that is
 * announced again, by another replica for one, is not delivered again.
 */
export interface DeliveryRows {
  /**
   * `exists`: the hook has this event already. Where more than `most` of the tenant wait then, the
   * oldest are given up; how many these were is told.
   */
  put(
    draft: DeliveryDraft,
    most: number,
  ): Promise<{ readonly outcome: "put" | "exists"; readonly givenUp: number }>;
  /** Takes what is due of one hook, the earliest first. Nobody else takes it before the lease ends. */
  take(asked: DeliveryTaking): Promise<readonly DeliveryRow[]>;
  /** False when the lease had ended and somebody else took it. The same holds for the next two. */
  done(row: DeliveryKey): Promise<boolean>;
  fail(row: DeliveryKey, nextAtMs: number): Promise<boolean>;
  giveUp(row: DeliveryKey): Promise<boolean>;
  /** Removes at most `limit` rows, ended or not, that were put before, and returns how many. */
  sweep(beforeMs: number, limit: number): Promise<number>;
}

export interface DeliveryDraft {
  readonly tenant: TenantId;
  /** By its name in the configuration. */
  readonly hook: string;
  /** Id of the event: one delivery a hook. */
  readonly event: string;
  readonly body: Uint8Array;
  readonly nowMs: number;
  /** Not delivered earlier. */
  readonly dueAtMs: number;
}

export interface DeliveryTaking {
  readonly tenant: TenantId;
  readonly hook: string;
  readonly nowMs: number;
  readonly leaseMs: number;
  readonly limit: number;
}

/** With how often it was taken: whoever took it an earlier time changes nothing any more. */
export interface DeliveryKey {
  readonly tenant: TenantId;
  readonly hook: string;
  readonly event: string;
  readonly tries: number;
}

export interface DeliveryRow extends DeliveryKey {
  readonly body: Uint8Array;
  readonly createdAtMs: number;
}

/** A webhook's body names one approval and holds no arguments. */
export const deliveryBytes = 16 * 1024;
