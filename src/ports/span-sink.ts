import type { EndedSpan } from "../model/span.ts";

/** Somebody who is sent spans. The same ones may come again, with the same ids and bytes. */
export interface SpanSink {
  /** One try, of at most `spansAtOnce`. Rejects only when the signal fires. */
  send(spans: readonly EndedSpan[], signal: AbortSignal): Promise<SpansSent>;
  close(): Promise<void>;
}

export type SpansSent =
  /** `rejected`: so many of them it does not want, and says that it never will. */
  | { readonly kind: "taken"; readonly rejected: number }
  /** Perhaps later. */
  | { readonly kind: "failed"; readonly why: string; readonly retryAfterMs: number | null }
  /** These never: sending them again would hold up all others for good. */
  | { readonly kind: "refused"; readonly why: string };

export const spansAtOnce = 256;
