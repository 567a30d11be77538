import { toCanonicalText } from "./canonical.ts";
import { toDigest, type Digest } from "./digest.ts";

/** Tokens of one answer; null is what the backend did not say, which is never taken for zero. */
export interface ModelUsage {
  /** All that went in, from a cache or not. */
  readonly input: number | null;
  /** Of these, read from the backend's cache. */
  readonly cached: number | null;
  /** Of these, written to it, where that has a price of its own. */
  readonly written: number | null;
  /** All that came out, reasoning included. */
  readonly output: number | null;
  readonly reasoning: number | null;
}

export const unknownUsage: ModelUsage = Object.freeze({
  input: null,
  cached: null,
  written: null,
  output: null,
  reasoning: null,
});

/** Micros for a million tokens; null where nobody set one. */
export interface ModelPrices {
  readonly input: number;
  readonly output: number;
  readonly cached: number | null;
  readonly written: number | null;
}

/** What a backend's tokens cost, under one digest, so that a cost can be counted again later. */
export interface PriceTable {
  readonly digest: Digest;
  readonly of: Readonly<Record<string, ModelPrices | null>>;
}

export function createPriceTable(of: PriceTable["of"]): PriceTable {
  return Object.freeze({ of, digest: toDigest(toCanonicalText({ prices: of, v: 1 })) });
}

/** Micros, rounded up; null where a count or a price is not known. */
export function toCost(prices: ModelPrices | null, usage: ModelUsage): number | null {
  const { input, output } = usage;
  if (prices === null || input === null || output === null) return null;
  const cached = usage.cached ?? 0;
  const written = usage.written ?? 0;
  const plain = input - cached - written;
  if (plain < 0 || (written > 0 && prices.written === null)) return null;
  return addUp([
    [plain, prices.input],
    // Without a price of its own, what came from the cache costs as if it had not.
    [cached, prices.cached ?? prices.input],
    [written, prices.written ?? 0],
    [output, prices.output],
  ]);
}

export interface LargestAnswer {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Whether the request asks the backend to keep some of it. */
  readonly marksPrefix: boolean;
}

/** The most that a request can cost; null where that is not known. */
export function toLargestCost(prices: ModelPrices | null, most: LargestAnswer): number | null {
  if (prices === null) return null;
  const { inputTokens, outputTokens, marksPrefix } = most;
  if (marksPrefix && prices.written === null) return null;
  const dearest = marksPrefix ? Math.max(prices.input, prices.written ?? 0) : prices.input;
  return addUp([
    [inputTokens, dearest],
    [outputTokens, prices.output],
  ]);
}

/** In whole numbers of any size: a sum beyond 2^53 is no amount, and so not known. */
function addUp(parts: readonly (readonly [tokens: number, price: number])[]): number | null {
  const sum = parts.reduce((total, [tokens, price]) => total + BigInt(tokens) * BigInt(price), 0n);
  const micros = Number((sum + 999_999n) / 1_000_000n);
  return Number.isSafeInteger(micros) ? micros : null;
}
