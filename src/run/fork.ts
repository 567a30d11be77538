import { Fault, toUuidV7, type RunId } from "../model/index.ts";
import { toSubjectKey } from "../model/principal.ts";
import {
  fromRunEventBytes,
  runEventSchema,
  toRunEventBytes,
  type RunEvent,
} from "../model/run-event.ts";
import type { RunForking } from "../ports/run-desk.ts";
import type { RunHead } from "../ports/run-rows.ts";
import type { DeskOptions } from "./desk-options.ts";
import { fold } from "./fold.ts";
import { isTurnDone } from "./next.ts";
import { requireReadable } from "./require-readable.ts";
import type { RunView } from "./view.ts";

const pageSize = 1_000;
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
  if (view.context.length > maxParts)
    throw new Fault("payload_too_large", `Step ${step} knows more than a fork can begin with.`);
  const run = toUuidV7(clock.nowMs(), random.bytes(10)) as RunId;
  const nowMs = clock.nowMs();
  const { created, deadlineMs } = view;
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
    context: [...view.context],
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

/** What was known once every call of the step had ended, and nothing after it. */
async function viewAt(
  { store }: DeskOptions,
  { run, head }: RunHead,
  step: number,
): Promise<RunView> {
  let view: RunView | null = null;
  for (let after = 0; after < head;) {
    const rows = await store.runs.read(run, { after, limit: Math.min(pageSize, head - after) });
    if (rows.length === 0) break;
    for (const { payload } of rows) {
      view = fold(view, fromRunEventBytes(payload));
      if (view.turn?.step === step && isTurnDone(view)) return view;
    }
    after += rows.length;
  }
  throw new Fault("request_invalid", `Run ${run} has not come to the end of step ${step}.`);
}
