import type { RunContext } from "../../../../src/client/client.ts";
import { Copy } from "../../ui/copy.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { toCount } from "../../words/to-amount.ts";
import { toExact } from "../../words/to-exact.ts";
import { contextKinds, type ContextKind } from "./context-colours.ts";

/** One window: how full it was, and of what. */
export function ContextWindow({ context }: { readonly context: RunContext }) {
  const { step, at, snapshot, window, share, tokens, counted } = context;
  const sources = Object.values(tokens.sources).reduce((sum, count) => sum + count, 0);
  const counts: Readonly<Record<ContextKind, number>> = { ...tokens, sources };
  const whole = Math.max(1, window ?? tokens.total, tokens.total);
  return (
    <Section
      title={`Window at step ${step}`}
      aside={
        <>
          {toExact(Date.parse(at))} <Copy text={snapshot} label="snapshot's digest" />
        </>
      }
    >
      <div className="flex h-5 overflow-hidden rounded bg-sunken" aria-hidden>
        {contextKinds.map(({ kind, look }) => (
          <div key={kind} className={look} style={{ width: `${(counts[kind] / whole) * 100}%` }} />
        ))}
      </div>
      <ul className="mt-3 flex flex-wrap gap-x-5 gap-y-1.5 text-sm">
        {contextKinds.map(({ kind, title, look }) => (
          <li key={kind} className="flex items-center gap-2">
            <span aria-hidden className={`size-2.5 rounded-sm ${look}`} />
            {title} <span className="text-muted tabular-nums">{toCount(counts[kind])}</span>
          </li>
        ))}
      </ul>
      <p className="mt-3 text-sm">
        {toCount(tokens.total)} tokens as they are estimated
        {window === null || share === null
          ? "; how many the model takes nobody knows, since its bundle is gone"
          : `, ${(share * 100).toFixed(1)} % of ${toCount(window)}`}
        .{" "}
        {counted === null ? (
          "No backend has answered."
        ) : (
          <>
            The backend <Inert text={counted.backend} />{" "}
            {counted.input === null ? "counted nothing." : `counted ${toCount(counted.input)}.`}
          </>
        )}
      </p>
    </Section>
  );
}
