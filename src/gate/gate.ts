import type { Json } from "../lib/strict-json.ts";
import { mirrorParams } from "../mcp/mirrored.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { Fault, toExposedName } from "../model/index.ts";
import type { Budgets, Held, Spending } from "../ports/budgets.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Freezes } from "../ports/freezes.ts";
import type { Gate, GateAnswer, GateRequest } from "../ports/gate.ts";
import type { Mailbox, ParkedLetter } from "../ports/mailbox.ts";
import type { Sealer } from "../ports/sealer.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { createAdmit } from "./admit.ts";
import type { AdmittedCall, Call, DecidedCall, Opened } from "./call.ts";
import { isDeclined, renderDeclined } from "./consent.ts";
import type { createDecide, Verdict } from "./decide.ts";
import type { Deadlines } from "./deadlines.ts";
import { callTools, isCallTools } from "./call-tools.ts";
import { toFreezeSubject } from "./dispatch.ts";
import { end, wasNotSent } from "./ending.ts";
import { holdBack, toExtra, type Attached, type Exchange } from "./exchange.ts";
import { toForwarded } from "./forwarded.ts";
import { guardClient, type Guard } from "./guard-upstream.ts";
import { redactAgain } from "./hand-over.ts";
import { isListMethod, list } from "./listing.ts";
import { toRates, toRedactions, type Rates } from "./obligations.ts";
import type { ResultCache } from "./result-cache.ts";
import type { Recorder } from "./record.ts";
import { renderRefusal } from "./render.ts";
import type { RequestStates } from "./request-state.ts";
import type { Labels } from "./labels.ts";
import { resolve, resolveToolset } from "./resolve.ts";
import { answerSearch } from "./tool-search.ts";
import { validate } from "./validate.ts";
import { createWords } from "./words.ts";

/** The stages, each made once a revision. */
export interface GateParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly catalog: () => Catalog;
  readonly sealer: Sealer;
  readonly decide: ReturnType<typeof createDecide>;
  readonly rates: Rates;
  readonly guard: Guard;
  readonly admit: ReturnType<typeof createAdmit>;
  readonly exchange: Exchange;
  readonly states: RequestStates;
  readonly mailbox: Mailbox;
  readonly owner: string;
  readonly recorder: Recorder;
  readonly deadlines: Deadlines;
  readonly cache: ResultCache;
  readonly labels: Labels;
  readonly freezes: Freezes;
  /** Null where none are configured. */
  readonly budgets: Budgets | null;
  readonly limits: {
    readonly argumentProblems: number;
    readonly parkMs: number;
    readonly resultBytes: number;
  };
}

/** identify (at the face) → resolve → validate → decide → admit → dispatch → record. */
export function createGate(
  parts: GateParts,
): Gate & { takeLetter(letter: ParkedLetter, signal: AbortSignal): Promise<GateAnswer> } {
  return {
    async exchange(request) {
      const catalog = parts.catalog();
      if (isListMethod(request.method)) return list(catalog, request, parts.sealer);
      const toolset = resolveToolset(catalog, request);
      const searched = answerSearch(toolset, request);
      if (searched?.kind === "answer") return searched.answer;
      const callOne = (one: GateRequest): Promise<GateAnswer> =>
        pass(parts, toCall(parts, parts.catalog(), one));
      if (isCallTools(toolset, request))
        return callTools(request, { toolset, callOne, maxBytes: parts.limits.resultBytes });
      return callOne(searched?.request ?? request);
    },
    takeLetter: (letter, signal) => takeLetter(parts, letter, signal),
  };
}

function toCall({ clock, limits }: GateParts, catalog: Catalog, request: GateRequest): Call {
  const resolved = resolve(catalog, request);
  const validated = validate(request, resolved, limits.argumentProblems);
  const { server, tool } = resolved;
  const startedMs = clock.monotonicMs();
  const withinMs = Math.min(tool?.config.timeout ?? server.config.timeout, request.deadlineMs);
  // Prompts, resources and completions are read; a tool does what configuration says it does.
  const effect = request.method === "tools/call" ? (tool?.effect ?? "write") : "read";
  return {
    request,
    server,
    tool,
    method: request.method,
    kind: resolved.kind,
    target: resolved.target,
    ...validated,
    effect,
    outward: tool?.config.outward ?? server.config.outward,
    idempotent: effect === "read" || (tool?.idempotent ?? false),
    forwarded: toForwarded(request.params["_meta"]),
    mirrored:
      tool === null || tool.mirrored.length === 0
        ? noParams
        : mirrorParams(tool.mirrored, validated.args),
    notAfterMs: clock.nowMs() + withinMs,
    startedMs,
  };
}

const noParams = {};

async function pass(parts: GateParts, call: Call): Promise<GateAnswer> {
  parts.freezes.check(toFreezeSubject(call));
  const labels = parts.labels.before(call);
  const verdict = parts.decide(call, "then" in labels ? await labels : labels);
  if (verdict.kind !== "allowed") return refuse(parts, verdict);
  const { requestState, inputResponses } = call.request.params;
  const responses = readResponses(inputResponses);
  const state = readState(parts, call, requestState);
  if (state?.kind === "consent") {
    // The answer was to our question: nothing of it goes to the server.
    return isDeclined(responses)
      ? decline(parts, verdict.call)
      : open(parts, verdict.call, state.extra);
  }
  if (state?.kind === "parked") {
    return resume(parts, verdict.call, {
      kind: "parked",
      owner: state.owner,
      parked: state.id,
      responses: responses ?? {},
    });
  }
  return open(parts, verdict.call, toExtra(responses, state?.state ?? null));
}

function readResponses(given: Json | undefined): Readonly<Record<string, Json>> | null {
  if (given === undefined) return null;
  if (isObject(given)) return given;
  throw new RpcRefusal(rpcCodes.invalidParams, "params.inputResponses is an object.", {
    status: 200,
  });
}

function readState({ states }: GateParts, call: Call, sealed: Json | undefined) {
  if (sealed === undefined) return null;
  if (typeof sealed === "string") return states.unseal(call, sealed);
  throw new RpcRefusal(rpcCodes.invalidParams, "params.requestState is a string.", { status: 200 });
}

function refuse(
  { recorder, telemetry, catalog }: GateParts,
  verdict: Exclude<Verdict, { kind: "allowed" }>,
): Promise<GateAnswer> | GateAnswer {
  const { call, intent } = verdict;
  const sent = { of: null, endpoint: null, credential: null };
  const none = { ...sent, result: null, queuedUs: 0, upstreamUs: 0 };
  telemetry.count("gate_calls", { outcome: "denied" });
  const reason =
    verdict.kind === "unmet" ? `obligation:${verdict.obligation.kind}` : (intent.rules[0] ?? null);
  const recorded = recorder.outcome({ ...none, call, intent, outcome: "denied", reason });
  const decision =
    verdict.kind === "refused" ? verdict.decision : unmet(intent.policy, verdict.obligation.kind);
  const { reveal } = resolveToolset(catalog(), call.request);
  const answer = renderRefusal(call, decision, reveal);
  return recorded === undefined ? answer : recorded.then(() => answer);
}

async function decline({ recorder, telemetry }: GateParts, call: DecidedCall): Promise<GateAnswer> {
  const none = { of: null, result: null, endpoint: null, queuedUs: 0, upstreamUs: 0 };
  const said = { outcome: "denied", reason: "consent_declined", credential: null } as const;
  telemetry.count("gate_calls", { outcome: "denied" });
  await recorder.outcome({ ...none, ...said, call, intent: call.intent });
  return renderDeclined(call);
}

function unmet(policy: DecidedCall["intent"]["policy"], obligation: string) {
  const text = `A rule asks for the obligation ${obligation}, which this gate cannot carry out: it has no sandbox.`;
  return { kind: "deny", policy, reasons: [{ rule: "obligation", text, remedy: null }] } as const;
}

/** A new call: admitted, its intent durable where it has an effect, sent. */
async function open(parts: GateParts, decided: DecidedCall, extra: string): Promise<GateAnswer> {
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

async function openHeld(parts: GateParts, holding: Holding): Promise<GateAnswer> {
  const { call, extra, held, deadline } = holding;
  const noted = { credential: null, isUnsent: false, wasReceived: false };
  try {
    const of = call.effect === "read" ? null : await parts.recorder.intent(call);
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

/** A call that stood in line: its tool may have been blocked meanwhile. */
function checkDrift({ catalog }: GateParts, { request, tool }: Call): void {
  if (tool === null) return;
  const now = catalog();
  const known = now.toolsets.get(request.toolset)?.tools.get(tool.exposed);
  if (known !== undefined && known !== tool && known.blocked !== null) resolve(now, request);
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
async function resume(
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

async function takeLetter(
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
