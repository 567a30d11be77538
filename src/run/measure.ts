import type { ContextSnapshot } from "../model/run-event.ts";

/** Below this, what a backend adds by itself weighs more than what is estimated. */
const leastTokens = 500;
/** A backend that counts more than so many times what is estimated counts something else. */
const largestFactor = 3;

/** How many tokens a backend counts for one that is estimated; never less than one. */
export function toFactor(estimated: number, counted: number | null): number {
  if (counted === null || estimated < leastTokens) return 1;
  return Math.min(Math.max(counted / estimated, 1), largestFactor);
}

export function toTotal({ instructions, tools, conversation, sources }: ContextSnapshot["tokens"]) {
  const ofSources = Object.values(sources).reduce((sum, each) => sum + each, 0);
  return instructions + tools + conversation + ofSources;
}

export function sumParts(parts: readonly { readonly tokens: number }[]): number {
  return parts.reduce((sum, { tokens }) => sum + tokens, 0);
}
