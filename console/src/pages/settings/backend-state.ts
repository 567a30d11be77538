import type { Models, ModelsLooked } from "../../../../src/client/client.ts";
import type { Tone } from "../../ui/badge.tsx";
import { toDuration } from "../../words/to-duration.ts";

type Backend = NonNullable<Models["backends"]>[number];
type Looked = ModelsLooked["backends"][number];

export interface BackendState {
  readonly tone: Tone;
  readonly word: string;
  readonly why: string | null;
}

/** As it was found just now where somebody looked; else as this replica's calls went. */
export function toBackendState(backend: Backend, looked: Looked | null): BackendState {
  if (looked !== null)
    return looked.answers
      ? { tone: "ok", word: "answers", why: `in ${toDuration(looked.tookMs)}` }
      : { tone: "danger", word: "does not answer", why: looked.problem };
  const { breaker, resting, lastFault } = backend;
  if (breaker === "open") return { tone: "danger", word: "left alone", why: lastFault };
  if (breaker === "probing") return { tone: "warn", word: "tried again", why: lastFault };
  if (resting) return { tone: "warn", word: "resting", why: "it asked for a pause" };
  if (lastFault !== null) return { tone: "warn", word: "failed last", why: lastFault };
  return { tone: "neutral", word: "no complaint", why: null };
}
