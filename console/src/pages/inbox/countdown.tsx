import { useNowMs } from "../../ui/now.ts";
import { toCountdown } from "./approval-words.ts";

const soonMs = 120_000;

/** How long it still waits; red in its last two minutes. */
export function Countdown({ at }: { readonly at: string }) {
  const nowMs = useNowMs();
  const left = toCountdown(at, nowMs);
  const isSoon = !(Date.parse(at) - nowMs > soonMs);
  return (
    <span className={`whitespace-nowrap tabular-nums ${isSoon ? "text-danger" : ""}`}>
      {left ?? "run out"}
    </span>
  );
}
