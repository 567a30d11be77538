import { Fault, type Digest, type TenantId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { BuiltBundle } from "../ports/bundles.ts";
import type { RunHead } from "../ports/run-rows.ts";
import type { Woken } from "../ports/wake.ts";
import { askModel } from "./ask-model.ts";
import { endOrphan } from "./cancel.ts";
import { createContents } from "./contents.ts";
import { toDetail } from "./detail.ts";
import { fail, finish } from "./finish.ts";
import { openShared, settleShared, StopRun } from "./hold.ts";
import { Journal, RunTaken } from "./journal.ts";
import { loadView, readAhead, toSnapshotBytes } from "./load-view.ts";
import { listAffordable, makeCall } from "./make-call.ts";
import { tellQuality } from "./measure-quality.ts";
import { decideNext, type Action } from "./next.ts";
import { settleChildren } from "./settle-children.ts";
import { takeLetters } from "./take-letters.ts";
import { toParent } from "./tell-children.ts";
import { tellEnd } from "./tell-end.ts";
import { tellTask } from "./tell-task.ts";
import type { CallView, RunView } from "./view.ts";
import { watchInbox, type InboxWatch } from "./watch-inbox.ts";
import type { EngineOptions, Work } from "./worker.ts";

/** Events after which folding all of them again is worth saving. */
const snapshotEvery = 500;
/** Calls of one run under way at once. */
const maxParallel = 16;

/**
 * Carries a run on until it waits, rests or has ended. It may be killed at any point: whoever comes next
 * finds all that counts in the log. Whoever lost the run notices when it wants to write.
 */
export async function advance(
  options: EngineOptions,
  { run }: Woken,
  signal: AbortSignal,
): Promise<void> {
  const { runs } = options.store;
  const ahead = readAhead(runs, run);
  const head = await runs.take(run);
  if (head === null || head.ended) return;
  const loaded = await loadView(ahead, run, head.head);
  if (loaded === null) throw new Error(`run ${run} has no events`);
  const { tenant } = head;
  let told = loaded.view.state;
  const journal = new Journal({
    view: loaded.view,
    head,
    store: options.store,
    onNoted: (seq, view) => {
      const { state, created } = view;
      options.news.noted(run, seq);
      if (state === told) return;
      told = state;
      tellQuality(options.telemetry, view);
      tellEnd(options, view);
      tellTask(options.telemetry, options.taskKindOf, view);
      const atMs = options.clock.nowMs();
      options.onMoved({ tenant, run, agent: created.agent, state, seq, atMs });
    },
  });
  const contentsOf = (id: typeof run) => createContents({ ...options, runs }, { tenant, run: id });
  const bundle = await readBundle(options, tenant, loaded.view.created.bundle);
  const watch = watchInbox({ ...options, run, journal }, signal);
  try {
    const contents = contentsOf(run);
    const work = {
      options,
      run,
      tenant,
      journal,
      contents,
      contentsOf,
      cut: watch.cut,
      hasBundle: !(bundle instanceof Error),
      get built() {
        if (bundle instanceof Error) throw bundle;
        return bundle;
      },
    };
    await carryOn(work, { head, watch, signal, snapshotSeq: loaded.snapshotSeq });
  } catch (error) {
    if (signal.aborted && !isTaken(error)) throw signal.reason;
    await giveUp({ options, head, journal }, error);
  } finally {
    watch.stop();
  }
}

/** An error where there is none: a run that cannot go on can still be told to end. */
async function readBundle(
  { bundles }: EngineOptions,
  tenant: TenantId,
  digest: Digest,
): Promise<BuiltBundle | Error> {
  try {
    return (await bundles().read(tenant, digest)) ?? new Error(`bundle ${digest} is gone`);
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.code !== "record_unreadable") throw cause;
    return new Error(`bundle ${digest} cannot be read: ${cause.message}`, { cause });
  }
}

interface GivingUp {
  readonly options: EngineOptions;
  readonly head: RunHead;
  readonly journal: Journal;
}

async function giveUp({ options, head, journal }: GivingUp, error: unknown): Promise<void> {
  if (isTaken(error)) return checkTaken(options, head, error);
  // Time may mend it: the wake comes again.
  if (error instanceof Fault) throw error;
  try {
    await park(options, journal, error);
  } catch (worse) {
    if (!isTaken(worse)) throw worse;
    await checkTaken(options, head, worse);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof RunTaken || (error instanceof Fault && error.code === "run_taken");
}

/**
 * Whoever has taken it goes on with it. Nobody has: what was written before landed after all, though
 * nobody could say so, and the wake has to come again.
 */
async function checkTaken({ store }: EngineOptions, head: RunHead, cause: unknown): Promise<void> {
  const now = await store.runs.get(head.run);
  if (now === null || now.ended || now.epoch !== head.epoch) return;
  throw new Fault("store_unavailable", "It is not known how far the log of the run goes.", {
    cause,
  });
}

/** A bug of ours: the run waits for a person, the process serves on. */
async function park({ clock, telemetry }: EngineOptions, journal: Journal, error: unknown) {
  telemetry.log("error", "a run was parked", { fault: error });
  const base = { v: 1, atMs: clock.nowMs() } as const;
  const before = toRunning(journal.view, base);
  if (before === null) throw error;
  const reason = toDetail(toReason(error));
  const events = [...before, { ...base, type: "run.parked", reason } as const];
  await journal.note({ events, wakeAtMs: null });
}

/** Words of our own. A parser's repeat what it read, and whoever sees the run need not see that. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return "something that is no error was thrown";
  return error.constructor === Error ? error.message : `${error.name}: the server's log says more`;
}

/** Null: it rests anyway, and the wake is tried again. */
function toRunning(
  { state, waits }: RunView,
  base: Pick<RunEvent, "v" | "atMs">,
): readonly RunEvent[] | null {
  if (state === "running") return [];
  if (state === "queued") return [{ ...base, type: "run.started" }];
  if (state === "waiting") return [{ ...base, type: "run.woken", by: waits!.for }];
  return null;
}

interface Carrying {
  readonly head: RunHead;
  readonly watch: InboxWatch;
  readonly signal: AbortSignal;
  readonly snapshotSeq: number;
}

async function carryOn(work: Work, { head, watch, signal, snapshotSeq }: Carrying): Promise<void> {
  const { journal, options } = work;
  let keptSeq = snapshotSeq;
  if (head.inbox > journal.view.inbox) await takeLetters(work);
  await endOrphan(work);
  await openShared(work);
  while (!journal.isEnded) {
    signal.throwIfAborted();
    if (watch.takeNews()) await listen(work);
    if (journal.isEnded) return;
    if (journal.head - keptSeq >= snapshotEvery) {
      await journal.flush();
      keptSeq = journal.head;
      await options.store.runs.keepSnapshot(work.run, {
        seq: keptSeq,
        bytes: toSnapshotBytes(journal.view),
      });
    }
    const action = decideNext(journal.view, options.clock.nowMs());
    const isWaiting = journal.view.state === "waiting" || action.kind === "wait";
    if (isWaiting && (await settleChildren(work))) continue;
    if (action.kind === "rest") {
      await journal.flush();
      return rest(work, head);
    }
    await carryOut(work, action);
    if (action.kind === "wait") return;
  }
}

async function listen(work: Work): Promise<void> {
  await takeLetters(work);
  await endOrphan(work);
  await openShared(work);
}

/**
 * Its timer may have gone off a moment early, by another clock. Nobody's earlier one is replaced: the
 * run may have been taken by another worker by now.
 */
async function rest({ options, run, journal }: Work, { wakeAtMs }: RunHead): Promise<void> {
  const { waits } = journal.view;
  if (waits === null || waits.untilMs === null || wakeAtMs === waits.untilMs) return;
  await options.store.runs.setTimer(run, waits.untilMs);
}

async function carryOut(work: Work, action: Exclude<Action, { kind: "rest" }>): Promise<void> {
  const { journal, options } = work;
  const base = { v: 1, atMs: options.clock.nowMs() } as const;
  const note = (event: RunEvent, wakeAtMs?: number | null): Promise<void> =>
    journal.note({ events: [event], ...(wakeAtMs === undefined ? {} : { wakeAtMs }) });
  switch (action.kind) {
    // What it does then says that it began or woke, where it is noted first.
    case "start":
      return journal.stage({ events: [{ ...base, type: "run.started" }] });
    case "wait": {
      const { for: what, untilMs } = action;
      return note({ ...base, type: "run.waited", for: what, untilMs }, untilMs);
    }
    case "wake":
      return journal.stage({ events: [{ ...base, type: "run.woken", by: action.by }] });
    case "forget_asked":
      return forgetAsked(work);
    case "stop":
      return stop(work, action);
    case "fail":
      return fail(work, action.code, action.detail);
    case "finish":
      return finish(work);
    case "ask":
      return orStop(work, () => askModel(checkFrozen(work)));
    case "call":
      await journal.flush();
      return orStop(work, () => makeCalls(checkFrozen(work), action.calls));
  }
}

/** What it cost to ask is taken as spent: nobody knows better. */
async function forgetAsked(work: Work): Promise<void> {
  const { journal, options } = work;
  const { asked, asks } = journal.view;
  const { step, held } = asked!;
  const atMs = options.clock.nowMs();
  await settleShared(work, `model:${asks - 1}`, held);
  await journal.note({
    events: [
      { v: 1, type: "model.failed", atMs, step, code: "worker_lost", retryAtMs: null, cost: held },
    ],
  });
}

/** A frozen agent does not even think: that costs, too. */
function checkFrozen(work: Work): Work {
  const { principal } = work.journal.view.created;
  try {
    work.options.freezes.check({ principal, server: "", tool: null, effect: "read" });
  } catch (error) {
    if (error instanceof Fault && error.code === "frozen")
      throw new StopRun("frozen", error.message);
    throw error;
  }
  return work;
}

async function orStop(work: Work, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof StopRun)) throw error;
    await stop(work, { reason: error.reason, detail: error.message });
  }
}

async function stop(
  work: Work,
  { reason, detail }: Pick<Extract<Action, { kind: "stop" }>, "reason" | "detail">,
): Promise<void> {
  const atMs = work.options.clock.nowMs();
  const said = toDetail(detail);
  const event: RunEvent = { v: 1, type: "run.stopped", atMs, reason, detail: said };
  const letters = toParent(work, { kind: "child_stopped", reason });
  await work.journal.note({ events: [event], unit: { letters }, wakeAtMs: null });
}

/** All of them are let end, whatever one of them throws: what they did is in the log then. */
async function makeCalls(work: Work, calls: readonly CallView[]): Promise<void> {
  await openShared(work);
  const waiting = [...listAffordable(work, calls)];
  const errors: Error[] = [];
  const lane = async (): Promise<void> => {
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
      if (work.cut.aborted || errors.length > 0) return;
      await makeCall(work, call).catch((error: Error) => void errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxParallel, calls.length) }, lane));
  const worst = errors.find((error) => !(error instanceof StopRun)) ?? errors[0];
  if (worst !== undefined) throw worst;
}
