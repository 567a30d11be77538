import type { z } from "zod";
import type { RunContext } from "../ports/run-desk.ts";
import type { runSchemas } from "./run-schemas.ts";

/** Counts and names for whoever sees the run; what was said for whoever may read it. */
export function toShownContext(
  context: RunContext,
  isReadable: boolean,
): z.input<typeof runSchemas.RunContext> {
  const { run, step, atMs, snapshot, parent, window, tokens, counted, summary } = context;
  return {
    id: run,
    step,
    at: new Date(atMs).toISOString(),
    snapshot,
    parent,
    window,
    share: window === null ? null : Math.round((tokens.total / window) * 10_000) / 10_000,
    tokens: { ...tokens, sources: { ...tokens.sources } },
    counted,
    parts: context.parts.map(({ isNew, ...part }) => ({ ...part, new: isNew })),
    dropped: context.dropped.map(({ name, ...each }) => ({ ...each, name: name ?? null })),
    summary:
      summary === null
        ? null
        : {
            upTo: summary.upTo,
            text: isReadable ? summary.text : null,
            ledger: isReadable ? summary.ledger : null,
          },
  };
}
