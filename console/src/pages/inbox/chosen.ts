import { sessionState } from "../../shell/session.ts";
import { createSignal } from "../../ui/signal.ts";

/** Which are selected to be decided together; it outlives a look at one of them on a phone. */
export const chosenIds = createSignal<ReadonlySet<string>>(new Set());

export function toggleChosen(id: string): void {
  const next = new Set(chosenIds.get());
  if (!next.delete(id)) next.add(id);
  chosenIds.set(next);
}

export function dropChosen(id: string): void {
  if (chosenIds.get().has(id)) toggleChosen(id);
}

export function clearChosen(): void {
  chosenIds.set(new Set());
}

// What one has selected is not the next one's.
sessionState.subscribe(clearChosen);
