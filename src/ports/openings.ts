import type { Json } from "../lib/strict-json.ts";
import type { TenantId } from "../model/index.ts";

/**
 * What commitments were made of, sealed under a key of the tenant: rows hold nothing else of it, and
 * whoever takes away the row has taken away the content.
 */
export interface Openings {
  /** Opens only as what it was sealed as: `what` names the row and the column. */
  seal(place: OpeningPlace, value: Json): Promise<Uint8Array>;
  /** Null where it was altered, moved or sealed under a key that is gone. */
  open(place: OpeningPlace, sealed: Uint8Array): Promise<Json | null>;
}

/** The same for bytes that are no JSON, as they are. */
export interface SealedBytes {
  seal(place: OpeningPlace, bytes: Uint8Array): Promise<Uint8Array>;
  open(place: OpeningPlace, sealed: Uint8Array): Promise<Uint8Array | null>;
}

export interface OpeningPlace {
  readonly tenant: TenantId;
  /** `approval:ID`, `call:ID`, `result:ID`. */
  readonly what: string;
}
