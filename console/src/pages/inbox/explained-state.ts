import { createSignal } from "../../ui/signal.ts";

/** Whether the rules and the reach are open: whoever opens them once wants them for the next one, too. */
export const explained = createSignal(false);

export function toggleExplained(): void {
  explained.set(!explained.get());
}
