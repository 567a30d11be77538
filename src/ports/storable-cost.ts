import { Fault } from "../model/index.ts";
import { toCostKey, type CompletionCost, type Cost } from "./cost-rows.ts";
import type { RunGist } from "./run-rows.ts";
import { requireCount, requireId, requireName, requireWhole } from "./storable.ts";
import { storeLimits } from "./store-limits.ts";

/** Days are kept in 32 bits. */
const lastDay = 0x7fff_ffff;

export function requireStorableCompletion(completion: CompletionCost): void {
  requireId("entry", completion.entry);
  requireName("tenant", completion.tenant);
  if (completion.agent !== null) requireName("agent", completion.agent);
  if (completion.subject !== null) requireName("subject", completion.subject);
  requireCost("cost", completion);
}

export function requireCosts(place: string, costs: readonly Cost[]): void {
  requireCount(place, costs.length, storeLimits.costsPerAppend);
  for (const cost of costs) requireCost(place, cost);
  const places = new Set(costs.map(toCostKey));
  if (places.size < costs.length)
    throw new Fault("payload_invalid", `${place} holds the same day and name twice`);
}

export function requireGist(place: string, gist: RunGist): void {
  for (const each of ["steps", "micros", "tokens"] as const)
    requireWhole(`${place}.${each}`, gist[each]);
  // For nothing stands nothing, not an empty text.
  if (gist.why === "") throw new Fault("payload_invalid", `${place}.why is empty`);
  if (gist.why !== null) requireName(`${place}.why`, gist.why);
}

/** A name that no key can hold is none: that what was spent is kept, and the work goes on, is worth more. */
export function toKeptName(name: string | null): string | null {
  if (name === null || name === "" || name.includes("\0") || !name.isWellFormed()) return null;
  return Buffer.byteLength(name) <= storeLimits.nameBytes ? name : null;
}

function requireCost(place: string, { day, name, micros, tokens }: Cost): void {
  requireWhole(`${place}.day`, day);
  if (day > lastDay) throw new Fault("payload_invalid", `${place}.day is no day: ${day}`);
  requireWhole(`${place}.micros`, micros);
  requireWhole(`${place}.tokens`, tokens);
  // Of a name that nobody knows stands nothing, not an empty text.
  if (name === "") throw new Fault("payload_invalid", `${place}.name is empty`);
  if (name !== null) requireName(`${place}.name`, name);
}
