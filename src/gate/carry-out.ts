import { Fault, toExposedName } from "../model/index.ts";
import type { Held, Spending } from "../ports/budgets.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { ParkedLetter } from "../ports/mailbox.ts";
import type { AdmittedCall, Call, DecidedCall, Opened } from "./call.ts";
import type { Deadlines } from "./deadlines.ts";
import { end, wasNotSent } from "./ending.ts";
import { holdBack, type Attached } from "./exchange.ts";
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
  const { clock, deadlines } = parts;
  parts.rates.take(decided, toRates(decided.decision));
  const withinMs = decided.notAfterMs - clock.nowMs();
  const { cancel } = decided.request;
  const deadline = deadlines.start(decided.startedMs + withinMs, cancel);
  try {
    const { call, leave } = await parts.admit(decided, cancel.signal);
    try {
      checkDrift(parts, call);
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

interface Holding {
  readonly call: AdmittedCall;
  readonly extra: string;
  readonly held: Held | null;
  readonly deadline: Deadline;
}

async function openHeld(parts: GateParts, holding: Holding): Promise<GateAnswer | Unrecorded> {
  const { call, extra, held, deadline } = holding;
  const noted = { credential: null, isUnsent: false, wasReceived: false };
  try {
    const recorded = needsIntent(call) ? await parts.recorder.intent(call) : null;
    if (recorded !== null && recorded.kind !== "durable") {
      held?.giveBack();
      return recorded;
    }
    const of = recorded?.id ?? null;
    const words = createWords(() => parts.labels.after(call));
    const opened: Opened = { call, of, extra, noted, words };
    const attached = holdBack(words, attach(parts, call, deadline));
    const begin = () => parts.exchange.begin(opened, attached);
    const { signal } = call.request.cancel;
    const answer = await end(parts, opened, () => parts.cache.through(opened, signal, begin));
    if (opened.noted.isUnsent) held?.giveBack();
    return answer;
  } catch (error) {
    if (!noted.wasReceived && wasNotSent(error)) held?.giveBack();
    throw error;
  }
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
  if (known !== undefined && known !== tool && known.blocked !== null) resolve(now, request);
  if (approval !== null && known?.acting !== tool.acting)
    throw new Fault("tool_blocked", `${tool.exposed} is not the tool that was approved any more.`);
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

function attach(
  { clock, limits, telemetry, guard }: GateParts,
  { request, decision, startedMs, notAfterMs }: DecidedCall,
  deadline: Deadline,
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
    onWaiting: (isWaiting) => {
      const nowMs = clock.monotonicMs();
      const leftMs = Math.max(0, notAfterMs - clock.nowMs());
      deadline.extend(isWaiting ? nowMs + limits.parkMs : Math.max(startedMs, nowMs) + leftMs);
    },
  };
}

/** A request that comes back with answers for a call that waits, here or at another replica. */
export async function resume(
  parts: GateParts,
  decided: DecidedCall,
  letter: ParkedLetter,
): Promise<GateAnswer> {
  const { deadlines, clock, mailbox, owner } = parts;
  const withinMs = decided.notAfterMs - clock.nowMs();
  const { cancel } = decided.request;
  const deadline = deadlines.start(decided.startedMs + withinMs, cancel);
  try {
    const isHere = letter.owner === owner;
    const answer = isHere
      ? await takeUp(parts, letter, attach(parts, decided, deadline))
      : await mailbox.send(letter, cancel.signal);
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
  const client = { era: "modern", version: "", capabilities: {}, ask: null } as const;
  try {
    return await takeUp(parts, letter, {
      client,
      cancel,
      onNotification: () => undefined,
      onWaiting: () => undefined,
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function takeUp(
  parts: GateParts,
  letter: ParkedLetter,
  attached: Attached,
): Promise<GateAnswer> {
  const resumed = parts.exchange.resume(letter.parked, letter.responses);
  if (resumed === null)
    throw new Fault("parked_lost", "The call that waited for this answer is gone.");
  const { opened } = resumed;
  const { client } = opened.call.request;
  const follow = () => resumed.follow(holdBack(opened.words, { ...attached, client }));
  return end(parts, opened, () => parts.cache.resumed(opened, follow));
}
