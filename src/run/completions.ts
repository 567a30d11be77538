import type { Json } from "../lib/strict-json.ts";
import { untilAborted } from "../lib/until-aborted.ts";
import { Fault } from "../model/index.ts";
import type { Budgets, Held } from "../ports/budgets.ts";
import type { ModelCall, RefusedCall } from "../ports/model-backend.ts";
import { toNamed, type Completed, type Completing, type Completions } from "./completing.ts";
import { isFreeOf, toFailed, toTold } from "./failed-completion.ts";
import { listMade } from "./list-made.ts";
import { listen, watchFreezes, type Listening, type ListeningParts } from "./listening.ts";
import type { ModelRouter, Routed } from "./model-router.ts";
import {
  recordCompletion,
  toSpent,
  type CompletionEnd,
  type RecordParts,
} from "./record-completion.ts";

/** A known secret, and where in what was sent it stands. */
interface SentSecret {
  readonly secret: string;
  readonly spelling: string;
  readonly pointer: string;
}

export interface CompletionsOptions extends RecordParts, ListeningParts {
  readonly router: Pick<ModelRouter, "stream" | "toLargestCost">;
  readonly budgets: Budgets | null;
  readonly findSecret: (sent: Json) => SentSecret | null;
  /** How long it may wait for a free backend before it is refused with a time to come again. */
  readonly waitMs: number;
}

/** A model that writes for longer than this is not waited for, here as in runs. */
const longestAnswerMs = 600_000;

export function createCompletions(options: CompletionsOptions): Completions {
  return {
    async complete(asking) {
      const held = await hold(options, asking).catch((error: unknown) => {
        options.telemetry.count("completions", { outcome: "refused" });
        const reason = error instanceof Fault ? error.code : "internal";
        options.telemetry.log("info", "completion refused", { ...toNamed(asking), reason });
        throw error;
      });
      return askHeld(options, asking, held);
    },
  };
}

/** Everything that may say no, before a backend hears of it. */
async function hold(options: CompletionsOptions, asking: Completing): Promise<Held | null> {
  const { router, freezes, budgets } = options;
  const { alias, principal, request, signal } = asking;
  const priceMicros = router.toLargestCost(alias, request);
  const subject = { principal, server: null, tool: null, effect: "write" } as const;
  freezes.check(subject);
  refuseSecret(options, asking);
  const spending = { principal, server: null, tool: null, model: alias, priceMicros };
  const held = (await budgets?.reserve(spending)) ?? null;
  try {
    freezes.check(subject);
    signal.throwIfAborted();
  } catch (error) {
    held?.giveBack();
    throw error;
  }
  return held;
}

/** I9: an agent must not be made to carry a credential to a model. */
function refuseSecret(
  { findSecret, telemetry }: CompletionsOptions,
  { sent, request }: Completing,
): void {
  const found = findSecret(sent.value) ?? inMessages(findSecret(listMade(request)));
  if (found === null) return;
  telemetry.count("gate_leaks", { where: "model" });
  const { secret, spelling, pointer } = found;
  const param = pointer.slice(1).replaceAll("/", ".");
  throw new Fault("secret_sent", `${pointer} holds the secret ${secret} (${spelling}).`, {
    details: { param, secret, spelling },
  });
}

/** It stands in what was put together of several places. */
function inMessages(found: SentSecret | null): SentSecret | null {
  return found === null ? null : { ...found, pointer: "/messages" };
}

async function askHeld(
  options: CompletionsOptions,
  asking: Completing,
  held: Held | null,
): Promise<Completed> {
  const { clock } = options;
  const startedMs = clock.monotonicMs();
  const said = listen(options, asking);
  const priced = held?.isMoney ?? false;
  const over = new AbortController();
  watchFreezes(options, said, over.signal).catch(() => undefined);
  const end = await stream(options, asking, { said, priced })
    .then((routed) => toAnswered(routed, said))
    .catch((error: unknown) => toFailed(error, { asking, said, scan: options.scan }));
  over.abort();
  settle(held, end, said.mayOwe);
  const tookMs = Math.max(0, Math.round(clock.monotonicMs() - startedMs));
  const recorded = recordCompletion(options, asking, { ...end, tookMs, leaked: said.leaked });
  if (end.kind === "answered") {
    const { backend } = end;
    await recorded.catch((error: unknown) => {
      throw toTold(error, { backend, scan: options.scan, isFree: false });
    });
    return end.completed;
  }
  // What went wrong with the answer is what is told; that it is not on record says the log.
  await recorded.catch(() => undefined);
  throw end.error;
}

interface Streaming {
  readonly said: Listening;
  readonly priced: boolean;
}

async function stream(
  { router, clock, waitMs }: CompletionsOptions,
  asking: Completing,
  { said, priced }: Streaming,
): Promise<Routed> {
  const { alias, request, signal: client, onAttempt } = asking;
  const signal = AbortSignal.any([client, said.stopped]);
  const deadlineMs = clock.nowMs() + longestAnswerMs;
  const { onEvent } = said;
  const onFailed = (fault: Fault) => void (said.mayOwe ||= !isFreeOf(fault));
  const onNext = (attempt: Parameters<typeof onAttempt>[0]): void => {
    said.backend = attempt.backend;
    onAttempt(attempt);
  };
  const ask = { alias, priced, signal, deadlineMs, waitMs, onEvent, onFailed, onAttempt: onNext };
  // Whoever is gone does not wait until its backend has noticed.
  const routed = await untilAborted(router.stream(ask, request), signal);
  said.stopped.throwIfAborted();
  return routed;
}

function toAnswered(routed: Routed, said: Listening): CompletionEnd {
  said.end();
  const { text } = said;
  const spent = toSpent(routed);
  const inOrder = [...said.calls].toSorted(([one], [other]) => one - other);
  const calls: ModelCall[] = [];
  for (const [, call] of inOrder) {
    const readable = toReadable(call);
    if (readable === null)
      return { kind: "failed", error: toBroken(routed), isFree: false, ...spent };
    calls.push(readable);
  }
  return { kind: "answered", completed: { ...routed, text, calls }, ...spent };
}

/** Arguments that are no JSON are whoever asked's to judge, as with any server of the format. */
function toReadable(call: ModelCall | RefusedCall): ModelCall | null {
  if (!("kind" in call)) return call;
  const { id, name, text, reason } = call;
  if (id === null || name === null) return null;
  return reason === "not_json" || reason === "not_object" ? { id, name, args: text } : null;
}

/** Calls that cannot be told apart, or named, cannot be answered. */
function toBroken({ backend }: Routed): Fault {
  const details = { isOwed: true };
  return new Fault("model_broken", `${backend} answered with calls that are none.`, { details });
}

/** I8: what nobody counted cost what was held for it. */
function settle(held: Held | null, end: CompletionEnd, mayOwe: boolean): void {
  if (held === null) return;
  // What a backend before it may be paid nobody counted, either.
  if (mayOwe) return;
  if (end.kind !== "answered" && end.isFree) held.giveBack();
  else if (end.cost !== null) held.settle(end.cost.micros);
}
