import { Fault } from "../model/index.ts";
import type { CompletionCost, Cost } from "./cost-rows.ts";
import type { RunGist } from "./run-rows.ts";
import { requireCount, requireId, requireName, requireWhole } from "./storable.ts";
import { storeLimits } from "./store-limits.ts";

/** Days are kept in 32 bits. */
const lastDay = 0x7fff_ffff;

export function requireStorableCompletion(completion: CompletionCost): void {
  requireId("entry", completion.entry);
  requireName("tenant", completion.tenant);
  if (completion.agent !== null) requireName("agent", completion.agent);
  requireName("subject", completion.subject);
  requireCost("cost", completion);
}

export function requireCosts(place: string, costs: readonly Cost[]): void {
  requireCount(place, costs.length, storeLimits.costsPerAppend);
  for (const cost of costs) requireCost(place, cost);
  const places = new Set(costs.map(({ day, kind, name }) => `${day} ${kind} ${name}`));
  if (places.size < costs.length)
    throw new Fault("payload_invalid", `${place} holds the same day and name twice`);
}

export function requireGist(place: string, gist: RunGist): void {
  for (const each of ["steps", "micros", "tokens"] as const)
    requireWhole(`${place}.${each}`, gist[each]);
  if (gist.why !== null) requireName(`${place}.why`, gist.why);
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
