import { Badge } from "../../ui/badge.tsx";
import { Inert, InertLine } from "../../ui/inert.tsx";
import { CloseButton } from "../../ui/side-panel.tsx";
import { toExact } from "../../words/to-exact.ts";
import { toEventTone } from "./event-line.ts";
import type { ShownEvent } from "./run-source.ts";
import { StepLinks } from "./step-links.tsx";

/** An event as it stands in the log. */
export function EventPanel({
  shown,
  onClose,
}: {
  readonly shown: ShownEvent;
  readonly onClose: () => void;
}) {
  const { step } = shown.event as { readonly step?: unknown };
  return (
    <div className="p-4">
      <div className="flex items-center gap-2">
        <h2 className="text-sm font-semibold tabular-nums">Event {shown.seq}</h2>
        <Badge tone={toEventTone(shown)}>
          <InertLine text={shown.event.type} />
        </Badge>
        <span className="ml-auto" />
        <CloseButton onClose={onClose} />
      </div>
      <p className="mt-1 text-xs text-muted">{toExact(shown.event.atMs)}</p>
      {typeof step === "number" ? <StepLinks step={step} /> : null}
      <pre className="mt-3 rounded-md bg-sunken p-3 font-mono text-xs break-all whitespace-pre-wrap">
        <Inert text={JSON.stringify(shown.event, null, 2)} lines escapes />
      </pre>
    </div>
  );
}
