import type { z } from "zod";
import type { Failure } from "../model/failure-class.ts";
import type { RunReport } from "../ports/run-desk.ts";
import type { Execution } from "../sight/explain-execution.ts";
import type { RunExplanation } from "../sight/explain-run.ts";
import type { explainSchemas } from "./explain-schemas.ts";
import { toShownBudget } from "./show-run.ts";

type Shown = z.input<typeof explainSchemas.RunExplanation>;

export interface ShownExplanation {
  readonly explanation: RunExplanation;
  readonly report: RunReport;
  /** Not all of its log was read. */
  readonly isCut: boolean;
  /** By the digest of the words in which it was said: the rule of a denial. */
  readonly rules: ReadonlyMap<string, string>;
}

/** Of each list, those that came last: the log has all. */
export const mostListed = 100;

export function toShownExplanation(given: ShownExplanation): Shown {
  const { explanation, isCut } = given;
  const { run, trace, head, execution, admission, delivery } = explanation;
  const lists = [
    admission.waits,
    admission.lostMs,
    execution.model.failed,
    execution.denials,
    execution.asks,
    execution.unknown,
    execution.open,
    delivery.announced,
  ];
  return {
    id: run,
    trace,
    head,
    cut: isCut || lists.some(({ length }) => length > mostListed),
    identity: toIdentity(explanation),
    admission: toAdmission(given),
    state: toStanding(explanation),
    execution: toExecution(given),
    delivery: toDelivery(explanation),
  };
}

function toIdentity({ identity: { atMs, created, deadline } }: RunExplanation): Shown["identity"] {
  const { principal, roles, agent, bundle, parent, root, forkOf } = created;
  return {
    at: toTime(atMs),
    failure: none,
    unrecorded: ["whether it asked with a key or a token: of a key, the subject is its name"],
    kind: principal.kind,
    subject: principal.subject,
    roles: [...roles],
    agent,
    bundle,
    parent,
    root,
    forkOf,
    deadline:
      deadline === null
        ? null
        : {
            at: toTime(deadline.atMs),
            leftAtStartMs: deadline.leftAtStartMs,
            leftMs: deadline.leftMs,
            moved: deadline.isMoved,
          },
  };
}

function toAdmission({ explanation, report }: ShownExplanation): Shown["admission"] {
  const { askedMs, startedMs, waits, lostMs, failure } = explanation.admission;
  return {
    at: toTime(startedMs ?? askedMs),
    failure: toShownFailure(failure),
    unrecorded: [
      "how long it waited for a worker after each wake, and after one was lost between two events",
    ],
    asked: toTime(askedMs),
    started: toTimeOrNull(startedMs),
    queuedMs: startedMs === null ? null : Math.max(0, startedMs - askedMs),
    waits: waits.slice(-mostListed).map(({ for: what, fromMs, untilMs, limitMs }) => ({
      for: what,
      from: toTime(fromMs),
      until: toTimeOrNull(untilMs),
      limit: toTimeOrNull(limitMs),
    })),
    taken: report.taken,
    lost: lostMs.slice(-mostListed).map(toTime),
  };
}

function toStanding({ state: given }: RunExplanation): Shown["state"] {
  const { state, seq, atMs, by, detail, paused, resumed, stopped, failure } = given;
  return {
    at: toTime(atMs),
    failure: toShownFailure(failure),
    unrecorded: ["how often it was forked: a fork names this run, and this run no fork"],
    state,
    seq,
    event: by.event,
    by: by.who,
    detail,
    paused,
    resumed,
    stopped,
  };
}

function toExecution({ explanation, report, rules }: ShownExplanation): Shown["execution"] {
  const { execution } = explanation;
  const { fromMs, untilMs, steps, calls, children, unknown, open, failure } = execution;
  return {
    at: toTimeOrNull(untilMs),
    failure: toShownFailure(failure),
    unrecorded: [],
    from: toTimeOrNull(fromMs),
    steps,
    maxSteps: report.maxSteps,
    model: toModel(execution.model),
    calls: { ...calls },
    children: { ...children },
    slowest: execution.slowest.map(({ atMs, ...each }) => ({ ...each, at: toTime(atMs) })),
    denials: execution.denials.slice(-mostListed).map(({ atMs, result, ...place }) => ({
      ...place,
      at: toTime(atMs),
      rule: rules.get(result) ?? null,
    })),
    asks: execution.asks.slice(-mostListed).map(({ atMs, decidedMs, ...each }) => ({
      ...each,
      at: toTime(atMs),
      decided: toTimeOrNull(decidedMs),
    })),
    unknown: unknown.slice(-mostListed).map((each) => ({ ...each })),
    open: open.slice(-mostListed).map((each) => ({ ...each })),
    budget: toShownBudget(report.budget),
  };
}

function toModel(model: Execution["model"]): Shown["execution"]["model"] {
  const { asked, answered, compactions, failed } = model;
  return {
    asked,
    answered,
    compactions,
    failed: failed.slice(-mostListed).map(({ step, atMs, failure }) => ({
      step,
      at: toTime(atMs),
      failure: toShownFailure(failure),
    })),
  };
}

function toDelivery({ delivery }: RunExplanation): Shown["delivery"] {
  const { ready, announced, failure } = delivery;
  const lastMs = announced.at(-1)?.atMs ?? ready?.atMs ?? null;
  return {
    at: toTimeOrNull(lastMs),
    failure: toShownFailure(failure),
    unrecorded: [
      "when whoever asked fetched the answer",
      "when a webhook left and what came back: a delivery keeps no times once it is over",
    ],
    ready: ready === null ? null : { at: toTime(ready.atMs), seq: ready.seq, output: ready.output },
    announced: announced
      .slice(-mostListed)
      .map(({ id, type, atMs }) => ({ id, type, at: toTime(atMs) })),
  };
}

const none = { class: "none", code: null } as const;

function toShownFailure(failure: Failure | null) {
  return failure === null ? none : { class: failure.class, code: failure.code };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

function toTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : toTime(ms);
}
