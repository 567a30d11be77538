import { Fault, toUuidV7, type RunId } from "../model/index.ts";
import { toSubjectKey } from "../model/principal.ts";
import { runEventSchema, toRunEventBytes, type RunEvent } from "../model/run-event.ts";
import type { RunForking } from "../ports/run-desk.ts";
import type { RunHead } from "../ports/run-rows.ts";
import type { DeskOptions } from "./desk-options.ts";
import { fold } from "./fold.ts";
import { listEvents } from "./list-events.ts";
import { isTurnDone } from "./next.ts";
import { requireReadable } from "./require-readable.ts";
import { isSummarised } from "./shown-parts.ts";
import type { RunView } from "./view.ts";

/** Longer than copying takes. */
const copyMs = 60_000;
/** As many pieces as one event takes. */
const maxParts = 4_096;

/** A run of its own that knows what another knew at the end of a step. It has spent nothing yet. */
export async function createFork(
  options: DeskOptions,
  head: RunHead,
  { step, by, roles }: RunForking,
): Promise<RunId> {
  const { store, clock, random } = options;
  const { tenant } = head;
  const view = await viewAt(options, head, step);
  const known = toKnown(view);
  if (known.context.length > maxParts)
    throw new Fault("payload_too_large", `Step ${step} knows more than a fork can begin with.`);
  const run = toUuidV7(clock.nowMs(), random.bytes(10)) as RunId;
  const nowMs = clock.nowMs();
  // Nobody's span asked for the fork.
  const { trace: _, ...created } = view.created;
  const { deadlineMs } = view;
  const spanMs = deadlineMs === null ? null : deadlineMs - created.atMs;
  const event: RunEvent = {
    ...created,
    atMs: nowMs,
    // Whoever forks it, the fork acts for: with their roles, not with those of whoever began.
    principal: { ...by, actor: created.principal.actor },
    roles: [...roles],
    parent: null,
    root: run,
    forkOf: { run: head.run, step },
    ...known,
    ...(view.found.length === 0 ? {} : { found: [...view.found] }),
    deadlineMs: spanMs === null ? null : nowMs + spanMs,
  };
  const about = {
    agent: created.agent,
    subject: toSubjectKey(by),
    parent: null,
    createdAtMs: nowMs,
  };
  requireReadable(runEventSchema.safeParse(event));
  // Whoever dies before its contents are there leaves one that is woken, and is parked without them.
  const wakeAtMs = nowMs + copyMs;
  const events = [toRunEventBytes(event)];
  await store.runs.create({ run, tenant, events, about, wakeAtMs, state: "queued" });
  // Only with its contents can it go on.
  await store.runs.copyBlobs(head.run, run);
  // As the files are by now: what they were at the end of that step nobody has kept.
  await store.workspaces.copy(tenant, { from: head.run, to: run });
  await store.runs.setTimer(run, nowMs);
  return run;
}

/**
 * All of it but its sources, which a fork reads for itself. Where a summary and a ledger stand for what was
 * before, these and what came after.
 */
function toKnown({ context, compaction }: RunView) {
  const border = compaction?.parts ?? 0;
  const left = context.filter(
    (part, index) => part.kind !== "source" && (index >= border || !isSummarised(part)),
  );
  if (compaction === null) return { context: left };
  const { upTo, summary, ledger } = compaction;
  return { context: left, compaction: { upTo, summary, ledger } };
}

/** What was known once every call of the step had ended, and nothing after it. */
async function viewAt(
  { store }: DeskOptions,
  { run, head }: RunHead,
  step: number,
): Promise<RunView> {
  let view: RunView | null = null;
  for await (const event of listEvents(store.runs, { run, after: 0, upTo: head })) {
    view = fold(view, event);
    if (view.turn?.step === step && isTurnDone(view)) return view;
  }
  throw new Fault("request_invalid", `Run ${run} has not come to the end of step ${step}.`);
}
