import { Fault, toExposedName } from "../model/index.ts";
import type { Held, Spending } from "../ports/budgets.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { ParkedLetter } from "../ports/mailbox.ts";
import type { AdmittedCall, Call, DecidedCall, Opened } from "./call.ts";
import { CallLife } from "./call-life.ts";
import type { Deadlines } from "./deadlines.ts";
import { end, wasNotSent } from "./ending.ts";
import { holdBack, type Attached, type Exchanged } from "./exchange.ts";
import type { GateParts } from "./gate-parts.ts";
import { guardClient } from "./guard-upstream.ts";
import { redactAgain } from "./hand-over.ts";
import { toRates, toRedactions } from "./obligations.ts";
import type { IntentRecorded } from "./record.ts";
import { resolve } from "./resolve.ts";
import { createWords } from "./words.ts";

/** The intent could not be made durable: nothing was sent, and why is for whoever began it to say. */
export type Unrecorded = Exclude<IntentRecorded, { kind: "durable" }>;

/** A new call: admitted, its intent durable where it has an effect, sent. */
export async function open(
  parts: GateParts,
  decided: DecidedCall,
  extra: string,
): Promise<GateAnswer | Unrecorded> {
  parts.rates.take(decided, toRates(decided.decision));
  const deadline = startDeadline(parts, decided);
  try {
    const { call, leave } = await parts.admit(decided, decided.request.cancel.signal);
    try {
      checkDrift(parts, call);
      checkBasis(parts, call);
      const hold = parts.budgets === null ? null : parts.budgets.reserve(toSpending(call));
      const held = hold instanceof Promise ? await hold : hold;
      return await openHeld(parts, { call, extra, held, deadline });
    } finally {
      leave();
    }
  } finally {
    deadline.end();
  }
}

/** What is left of its time begins now: what was spent before it is not counted twice. */
function startDeadline({ deadlines, clock }: GateParts, { notAfterMs, request }: DecidedCall) {
  return deadlines.start(clock.monotonicMs() + notAfterMs - clock.nowMs(), request.cancel);
}

interface Holding {
  readonly call: AdmittedCall;
  readonly extra: string;
  readonly held: Held | null;
  readonly deadline: Deadline;
}

async function openHeld(parts: GateParts, holding: Holding): Promise<GateAnswer | Unrecorded> {
  const { call, extra, held, deadline } = holding;
  const noted = { credential: null, sandbox: null, isUnsent: false, wasReceived: false };
  let hasIntent = false;
  try {
    const recorded = needsIntent(call) ? await parts.recorder.intent(call) : null;
    hasIntent = true;
    if (recorded !== null && recorded.kind !== "durable") {
      held?.giveBack();
      return recorded;
    }
    const of = recorded?.id ?? null;
    const words = createWords(() => parts.labels.after(call));
    const { notAfterMs } = call;
    const life = new CallLife(parts, { tenant: call.request.principal.tenant, of, notAfterMs });
    const opened: Opened = { call, of, extra, noted, words, life };
    const onWaiting = countWaiting(parts, { life, deadline, cancel: call.request.cancel });
    const attached = holdBack(words, attach(parts, call, onWaiting));
    const begin = () => parts.exchange.begin(opened, attached);
    const { signal } = call.request.cancel;
    const through = () => parts.cache.through(opened, signal, begin);
    const answer = await end(parts, opened, () => inheritLabels(parts, call, through));
    if (opened.noted.isUnsent) held?.giveBack();
    return answer;
  } catch (error) {
    const isUnsent = !hasIntent || noted.isUnsent || (!noted.wasReceived && wasNotSent(error));
    if (isUnsent) held?.giveBack();
    throw error;
  }
}

/** Before anything of it is handed over. */
async function inheritLabels(
  { labels }: GateParts,
  call: Call,
  exchange: () => Promise<Exchanged>,
): Promise<Exchanged> {
  const exchanged = await exchange();
  if (exchanged.kind !== "ended" || exchanged.answer.kind !== "result") return exchanged;
  const { run, labels: touched } = exchanged.answer;
  if (run !== undefined) await labels.inherit(call, run);
  if (touched !== undefined) await labels.take(call, touched);
  return exchanged;
}

/** I4: an effect, and whatever uses up a person's yes or a key. */
function needsIntent({ effect, approval, claims }: AdmittedCall): boolean {
  return effect !== "read" || approval !== null || claims !== null;
}

/** A call that stood in line: its tool may have been blocked meanwhile, or be another one by now. */
function checkDrift({ catalog }: GateParts, { request, tool, approval }: DecidedCall): void {
  if (tool === null) return;
  const now = catalog();
  const known = now.toolsets.get(request.toolset)?.tools.get(tool.exposed);
  const isOther = known !== undefined && known !== tool;
  // A run has a pin of its own besides.
  if (isOther && (known.blocked !== null || request.run !== undefined)) resolve(now, request);
  if (approval !== null && known?.acting !== tool.acting)
    throw new Fault("tool_blocked", `${tool.exposed} is not the tool that was approved any more.`);
}

/** A call that stood in line: what it rests on may be too old by now. Nothing of it is recorded yet. */
function checkBasis({ clock }: GateParts, { request }: DecidedCall): void {
  const untilMs = request.run?.basis?.untilMs;
  if (untilMs === undefined || clock.nowMs() <= untilMs) return;
  throw new Fault("facts_stale", "What the call rests on has to be read again before it is made.");
}

function toSpending({ request, server, tool }: Call): Spending {
  return {
    principal: request.principal,
    server: server.name,
    tool: tool === null ? null : toExposedName(server.name, tool.name),
    priceMicros: tool?.config.price ?? null,
  };
}

type Deadline = ReturnType<Deadlines["start"]>;

interface Timed {
  readonly life: CallLife;
  readonly deadline: Deadline;
  readonly cancel: AbortController;
}

/**
 * While its client is asked on the spot, a call's own time stands still. Its row says that it lives on
 * before it does; where that cannot be written, the call is cancelled.
 */
function countWaiting(
  { clock, limits }: GateParts,
  { life, deadline, cancel }: Timed,
): Attached["onWaiting"] {
  let endMs = life.notAfterMs;
  let leftMs = 0;
  let waiting = 0;
  async function liveUntil(toMs: number): Promise<void> {
    try {
      await life.prolong(toMs);
    } catch (error) {
      cancel.abort(error);
      throw error;
    }
    deadline.extend(clock.monotonicMs() + toMs - clock.nowMs());
  }
  return async (isWaiting) => {
    const nowMs = clock.nowMs();
    if (isWaiting) {
      if (waiting === 0) leftMs = Math.max(0, endMs - nowMs);
      waiting += 1;
      await liveUntil(nowMs + limits.parkMs);
    } else {
      waiting -= 1;
      endMs = nowMs + leftMs;
      if (waiting === 0) await liveUntil(endMs);
    }
  };
}

function attach(
  { telemetry, guard }: GateParts,
  { request, decision, notAfterMs }: DecidedCall,
  onWaiting: Attached["onWaiting"],
): Attached {
  const { client, onNotification } = request;
  // Progress, log lines and questions could hold what a rule takes out of the result.
  const isMuted = toRedactions(decision).length > 0;
  return {
    client: isMuted ? { ...client, capabilities: {}, ask: null } : guardClient(guard, client),
    cancel: request.cancel,
    onNotification: isMuted
      ? () => telemetry.count("gate_redactions", { outcome: "dropped" })
      : onNotification,
    notAfterMs,
    onWaiting,
  };
}

/** A client that comes back with its answers is never asked on the spot. */
const neverWaits = (): Promise<void> => Promise.reject(new Error("asked on the spot"));

/** A request that comes back with answers for a call that waits, here or at another replica. */
export async function resume(
  parts: GateParts,
  decided: DecidedCall,
  given: Omit<ParkedLetter, "withinMs">,
): Promise<GateAnswer> {
  const deadline = startDeadline(parts, decided);
  const letter = { ...given, withinMs: decided.notAfterMs - parts.clock.nowMs() };
  try {
    const isHere = letter.owner === parts.owner;
    const answer = isHere
      ? await takeUp(parts, letter, attach(parts, decided, neverWaits))
      : await parts.mailbox.send(letter, decided.request.cancel.signal);
    return redactAgain(parts, decided, answer);
  } finally {
    deadline.end();
  }
}

export async function takeLetter(
  parts: GateParts,
  letter: ParkedLetter,
  signal: AbortSignal,
): Promise<GateAnswer> {
  const cancel = new AbortController();
  const onAbort = (): void => cancel.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const { clock, deadlines } = parts;
  // Whoever sent the letter waits no longer, and cannot end the call from there.
  const deadline = deadlines.start(clock.monotonicMs() + letter.withinMs, cancel);
  try {
    return await takeUp(parts, letter, {
      cancel,
      notAfterMs: clock.nowMs() + letter.withinMs,
      onNotification: () => undefined,
      onWaiting: neverWaits,
    });
  } finally {
    deadline.end();
    signal.removeEventListener("abort", onAbort);
  }
}

/** The client is the one that began the call: it said what it may be asked. */
async function takeUp(
  parts: GateParts,
  letter: ParkedLetter,
  attached: Omit<Attached, "client">,
): Promise<GateAnswer> {
  const resumed = parts.exchange.resume(letter.parked);
  if (resumed === null)
    throw new Fault("parked_lost", "The call that waited for this answer is gone.");
  const { opened } = resumed;
  const { client } = opened.call.request;
  const answering = holdBack(opened.words, { ...attached, client });
  const follow = () => resumed.follow(answering, letter.responses);
  return end(parts, opened, () => parts.cache.resumed(opened, follow));
}
