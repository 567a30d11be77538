/** Somebody outside who is sent what this system says of itself, a batch at a time. */
export interface Sink<Batch> {
  /** One try. Rejects when the signal fires, and for what is a bug here. */
  send(batch: Batch, signal: AbortSignal): Promise<Sent>;
  close(): Promise<void>;
}

export type Sent =
  /** `rejected`: so many of it are not wanted, and never will be. */
  | { readonly kind: "taken"; readonly rejected: number }
  /** Perhaps later. */
  | { readonly kind: "failed"; readonly why: string; readonly retryAfterMs: number | null }
  /** Something broke in whoever was sent it: at this batch, or at any. */
  | { readonly kind: "broken"; readonly why: string }
  /** This batch never: sending it again would hold up all others for good. */
  | { readonly kind: "refused"; readonly why: string };
