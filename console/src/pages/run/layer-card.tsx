import type { ReactNode } from "react";
import type { RunExplanation } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { toExact } from "../../words/to-exact.ts";
import { failureWords } from "./failure-words.ts";

export type Layer = Pick<RunExplanation["identity"], "at" | "failure" | "unrecorded">;

export interface LayerCardProps {
  readonly title: string;
  readonly layer: Layer;
  /** In one sentence, what came of it. */
  readonly said: ReactNode;
  readonly children: ReactNode;
  readonly isLast?: boolean;
}

/** One layer of a run: a stop on the way from whoever asked to what they were given. */
export function LayerCard({ title, layer, said, children, isLast = false }: LayerCardProps) {
  const { at, failure, unrecorded } = layer;
  const dot =
    at === null
      ? "border-line-strong bg-surface"
      : failure.class === "none"
        ? "border-ok bg-ok-soft"
        : "border-danger bg-danger-soft";
  return (
    <li className="relative pb-4 pl-8">
      {isLast ? null : <span aria-hidden className="absolute top-5 bottom-0 left-2 w-px bg-line" />}
      <span
        aria-hidden
        className={`absolute top-3.5 left-0.5 size-3.5 rounded-full border-2 ${dot}`}
      />
      <section
        aria-label={title}
        className="min-w-0 rounded-lg border border-line bg-surface px-4 py-3"
      >
        <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
          <h2 className="text-sm font-semibold">{title}</h2>
          <Failed failure={failure} />
          <span className="ml-auto text-xs text-muted tabular-nums">
            {at === null ? "not yet" : toExact(Date.parse(at))}
          </span>
        </div>
        <p className="mt-1 text-sm">{said}</p>
        <div className="mt-3">{children}</div>
        {unrecorded.length === 0 ? null : (
          <p className="mt-3 border-t border-line pt-2 text-xs text-muted">
            Not recorded: {unrecorded.join("; ")}.
          </p>
        )}
      </section>
    </li>
  );
}

export function Failed({ failure }: { readonly failure: Layer["failure"] }) {
  if (failure.class === "none") return null;
  const code = failure.code ?? "";
  return (
    <Badge tone="danger" title={failureWords(failure.class)}>
      {failure.class === null ? `unknown code ${code}` : `${failure.class}: ${code}`}
    </Badge>
  );
}
