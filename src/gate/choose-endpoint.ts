import type { Random } from "../ports/random.ts";

/** What is known of one running copy of a server. */
export interface EndpointLoad {
  readonly endpoint: string;
  outstanding: number;
  /** Faults in a row; each doubles the time for which it is left out. */
  faults: number;
  ejectedUntilMs: number;
}

const ejectMs = 5_000;
const maxEjectMs = 120_000;
const ejectAfter = 3;

export interface Choice {
  /** Those whose definition of the tool fits its pin; null: all. Never empty. */
  readonly wanted: readonly string[] | null;
  /** Where this call has failed already: a dead copy always has time, and would be chosen again. */
  readonly tried: ReadonlySet<string>;
  readonly nowMs: number;
  readonly random: Random;
}

/** The less busy of two drawn at random; those that keep failing are left out, never the last one. */
export function chooseEndpoint(
  loads: readonly EndpointLoad[],
  { wanted, tried, nowMs, random }: Choice,
): EndpointLoad {
  if (loads.length === 1) return loads[0]!;
  const own = wanted === null ? loads : loads.filter(({ endpoint }) => wanted.includes(endpoint));
  const fresh = tried.size === 0 ? own : own.filter(({ endpoint }) => !tried.has(endpoint));
  const left = fresh.length === 0 ? own : fresh;
  const fit = left.filter(({ ejectedUntilMs }) => ejectedUntilMs <= nowMs);
  const from = fit.length === 0 ? left : fit;
  const one = from[Math.floor(random.fraction() * from.length)]!;
  const other = from[Math.floor(random.fraction() * from.length)]!;
  return other.outstanding < one.outstanding ? other : one;
}

export function noteFault(load: EndpointLoad, nowMs: number): void {
  load.faults += 1;
  if (load.faults < ejectAfter) return;
  load.ejectedUntilMs = nowMs + Math.min(maxEjectMs, ejectMs * 2 ** (load.faults - ejectAfter));
}

export function noteSuccess(load: EndpointLoad): void {
  load.faults = 0;
  load.ejectedUntilMs = 0;
}
