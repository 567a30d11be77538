import { runStates, type RunState } from "../../../../src/model/run-states.ts";

/** What of all runs is shown. It stands in the address, so that it can be sent and kept. */
export interface RunFilter {
  readonly state: RunState | null;
  readonly agent: string | null;
  /** Sub-agents of this run. */
  readonly parent: string | null;
  /** Only those that no other run has asked for. */
  readonly isTop: boolean;
  /** How the id begins. */
  readonly begins: string | null;
}

export const noFilter: RunFilter = {
  state: null,
  agent: null,
  parent: null,
  isTop: false,
  begins: null,
};

/** As the address has it; whatever it does not know it leaves out. */
export function parseFilter(search: Readonly<Record<string, unknown>>): RunFilter {
  const { state, agent, parent, top, id } = search;
  return {
    state: isRunState(state) ? state : null,
    agent: toText(agent, 256),
    parent: toText(parent, 64),
    isTop: top === true || top === "true",
    begins: toBeginning(toText(id, 64) ?? ""),
  };
}

export function toSearch(filter: RunFilter): Readonly<Record<string, string | boolean>> {
  return {
    ...(filter.state !== null && { state: filter.state }),
    ...(filter.agent !== null && { agent: filter.agent }),
    ...(filter.parent !== null && { parent: filter.parent }),
    ...(filter.isTop && { top: true }),
    ...(filter.begins !== null && { id: filter.begins }),
  };
}

/** What is counted by state: the same without the state. An id is one run, and counts nothing. */
export function toCounted({ agent, parent, isTop }: RunFilter) {
  return {
    ...(agent !== null && { agent }),
    ...(parent !== null && { parent }),
    ...(isTop && { top: "true" as const }),
  };
}

export function toQuery(filter: RunFilter) {
  const { state, begins } = filter;
  return {
    ...toCounted(filter),
    ...(state !== null && { state }),
    ...(begins !== null && { begins }),
  };
}

export function isFiltered(filter: RunFilter): boolean {
  return Object.keys(toSearch(filter)).length > 0;
}

/** A word as a person types it: the beginning of an id, or an agent's name. */
export function withWord(filter: RunFilter, word: string): RunFilter {
  const text = word.trim();
  const begins = text.length >= fewestOfId ? toBeginning(text) : null;
  if (begins !== null) return { ...filter, begins, agent: null };
  return { ...filter, begins: null, agent: toText(text, 256) };
}

/** Shorter ones are names of agents, such as `ada`. */
const fewestOfId = 6;
const emptyId = "00000000-0000-0000-0000-000000000000";
const idShape = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function toBeginning(text: string): string | null {
  const lower = text.toLowerCase();
  return lower !== "" && idShape.test(lower + emptyId.slice(lower.length)) ? lower : null;
}

function toText(value: unknown, longest: number): string | null {
  // A name of digits is read from the address as a number.
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text !== "" && text.length <= longest ? text : null;
}

function isRunState(value: unknown): value is RunState {
  return typeof value === "string" && Object.hasOwn(runStates.moves, value);
}
