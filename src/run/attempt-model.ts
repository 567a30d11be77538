import { Fault } from "../model/index.ts";
import { unknownUsage, type ModelUsage } from "../model/model-usage.ts";
import type { Clock } from "../ports/clock.ts";
import type { ModelEvent, ModelRequest, ModelStop, StreamOptions } from "../ports/model-backend.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { LiveBackend } from "./model-member.ts";

export interface Attempt {
  readonly live: LiveBackend;
  readonly model: string;
  readonly ask: Pick<StreamOptions, "signal" | "deadlineMs" | "onEvent" | "traceparent"> & {
    readonly waitMs?: number;
  };
  readonly request: ModelRequest;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface Attempted {
  readonly stop: ModelStop;
  readonly usage: ModelUsage;
  readonly firstTokenMs: number;
  /** Null where the backend did not count, or all came at once. */
  readonly tokensPerSecond: number | null;
}

export type AttemptEnd =
  | ({ readonly kind: "answered" } & Attempted)
  /** `hasBegun`: something of it was passed on already. `hasWaited`: as long as it may, for nothing. */
  | {
      readonly kind: "failed";
      readonly error: unknown;
      readonly hasBegun: boolean;
      readonly hasWaited?: boolean;
    };

const ownReasons: readonly string[] = [
  "model_refused",
  "deadline_exceeded",
  "payload_too_large",
  "request_invalid",
];

/** Whether another backend might do better: no bug of ours, and nothing that the request brings with it. */
export function isTheBackends(error: unknown): error is Fault {
  return error instanceof Fault && !ownReasons.includes(error.code);
}

/** Waits for a place at one backend, and asks it once. */
export async function attemptModel(attempt: Attempt): Promise<AttemptEnd> {
  const { live, clock } = attempt;
  const { line, breaker } = live;
  const until = startDeadline(attempt);
  const isProbe = breaker.enter();
  try {
    await line.enter(until.signal);
  } catch (error) {
    if (isProbe) breaker.gaveUp();
    return { kind: "failed", error, hasBegun: false, hasWaited: until.isLate };
  } finally {
    until.stop();
  }
  if (!isProbe && breaker.isOpen()) {
    line.leave(null);
    return { kind: "failed", error: toGone(live), hasBegun: false };
  }
  const startedMs = clock.monotonicMs();
  const end = await askOnce(attempt, startedMs);
  line.leave(end.kind === "answered" ? clock.monotonicMs() - startedMs : null);
  judge(attempt, end, isProbe);
  return end;
}

/** Whoever stood in its line when it was found unwell is not sent there after all the others. */
function toGone({ name }: LiveBackend): Fault {
  return new Fault("model_unavailable", `${name} was found unwell while its line was waited in.`);
}

function toLate({ name }: LiveBackend): Fault {
  return new Fault("deadline_exceeded", `${name} was not free in time.`);
}

/** Its line is slower than it was, or nobody knew how slow it is. */
function toBusy({ name, line }: LiveBackend): Fault {
  const details = { retryAfterMs: Math.max(1, Math.ceil(line.waitMs ?? 1)) };
  return new Fault("model_busy", `${name} was not free in time.`, { details });
}

/** In the line, too, nobody waits beyond the deadline. */
function startDeadline({ clock, ask, live }: Attempt) {
  const done = new AbortController();
  const late = new AbortController();
  const { deadlineMs, waitMs = Number.POSITIVE_INFINITY } = ask;
  const leftMs = deadlineMs - clock.nowMs();
  clock.sleep(Math.min(leftMs, waitMs), done.signal).then(
    () => late.abort(waitMs < leftMs ? toBusy(live) : toLate(live)),
    () => undefined,
  );
  return {
    signal: AbortSignal.any([ask.signal, late.signal]),
    stop: () => done.abort(),
    get isLate() {
      return late.signal.aborted;
    },
  };
}

async function askOnce(attempt: Attempt, startedMs: number): Promise<AttemptEnd> {
  const { live, model, ask, request, clock } = attempt;
  let firstMs: number | null = null;
  let usage: ModelUsage = unknownUsage;
  let stop: ModelStop = "other";
  const onEvent = (event: ModelEvent): void => {
    firstMs ??= clock.monotonicMs();
    if (event.kind === "usage") ({ usage } = event);
    if (event.kind === "finished") ({ stop } = event);
    ask.onEvent(event);
  };
  try {
    await live.backend.stream(request, { ...ask, model, onEvent });
  } catch (error) {
    return { kind: "failed", error, hasBegun: firstMs !== null };
  }
  const endMs = clock.monotonicMs();
  const begunMs = firstMs ?? endMs;
  const seconds = (endMs - begunMs) / 1000;
  const isMeasured = usage.output !== null && seconds > 0;
  const tokensPerSecond = isMeasured ? usage.output! / seconds : null;
  measure(attempt, { firstTokenMs: begunMs - startedMs, tokensPerSecond, usage });
  return { kind: "answered", stop, usage, firstTokenMs: begunMs - startedMs, tokensPerSecond };
}

function measure(
  { live, telemetry }: Attempt,
  { firstTokenMs, tokensPerSecond, usage }: Omit<Attempted, "stop">,
): void {
  live.measured({ firstTokenMs, tokensPerSecond });
  telemetry.observe("model_first_token_seconds", firstTokenMs / 1000, {});
  if (tokensPerSecond !== null) {
    telemetry.observe("model_tokens_per_second", tokensPerSecond, {});
  }
  const { input, cached, output, reasoning } = usage;
  if (input === null || output === null) telemetry.count("model_usage_unknown");
  for (const [kind, count] of Object.entries({ input, cached, output, reasoning })) {
    if (count !== null) {
      telemetry.count(
        "model_tokens",
        { kind: kind as "input" | "cached" | "output" | "reasoning" },
        count,
      );
    }
  }
}

/** What an end says about the backend. */
function judge({ live, ask }: Attempt, end: AttemptEnd, isProbe: boolean): void {
  const { breaker, line } = live;
  if (end.kind === "answered") return breaker.succeeded();
  const { error } = end;
  // Who is gone, or was wrong, says nothing about it.
  if (!ask.signal.aborted && isTheBackends(error)) {
    const { code, details } = error;
    live.faulted(code);
    if (code !== "model_busy") return breaker.faulted();
    // It works, and says itself when it may be asked again.
    const { retryAfterMs } = details;
    if (typeof retryAfterMs === "number") line.rest(retryAfterMs);
  }
  if (isProbe) breaker.gaveUp();
}
