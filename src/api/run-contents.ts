import type { Digest, RunId, TenantId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { RunDesk } from "../ports/run-desk.ts";

/** A longer text is asked for by its digest. */
const mostOfOne = 256 * 1024;

export interface EventReadingOptions {
  readonly tenant: TenantId;
  readonly run: RunId;
  /** All texts together; null: none of them. */
  readonly mostCharacters: number | null;
}

/** Events with the texts that they name, as far as there is room. Null: gone, or too long for here. */
export function createEventReading(
  runs: Pick<RunDesk, "content">,
  { tenant, run, mostCharacters }: EventReadingOptions,
) {
  let left = mostCharacters ?? 0;
  return async (event: RunEvent) => {
    const digest = mostCharacters === null ? null : toNamedText(event);
    if (digest === null) return event;
    const text = left > 0 ? await runs.content(tenant, run, digest) : null;
    const isShown = text !== null && text.length <= Math.min(left, mostOfOne);
    if (isShown) left -= text.length;
    return { ...event, contents: { [digest]: isShown ? text : null } };
  };
}

/** An event names one text at most; the others of its digests stand for something else. */
function toNamedText(event: RunEvent): Digest | null {
  switch (event.type) {
    case "run.created":
      return event.input;
    case "model.responded":
    case "compensation.planned":
      return event.response;
    case "call.ended":
    case "child.ended":
      return event.result;
    case "source.read":
      return event.digest;
    case "signal.received":
      return event.payload;
    case "run.partly_completed":
    case "run.completed":
      return event.output;
    default:
      return null;
  }
}
