import { toExact } from "../words/to-exact.ts";
import { toRelative } from "../words/to-duration.ts";
import { useNowMs } from "./now.ts";

/** How long ago, and on hover or to a screen reader the moment itself. */
export function Time({ at }: { readonly at: string | number }) {
  const nowMs = useNowMs();
  const atMs = typeof at === "number" ? at : Date.parse(at);
  if (Number.isNaN(new Date(atMs).getTime())) return <span>{toExact(atMs)}</span>;
  return (
    <time
      className="whitespace-nowrap tabular-nums"
      dateTime={new Date(atMs).toISOString()}
      title={toExact(atMs)}
    >
      {toRelative(atMs, nowMs)}
    </time>
  );
}
