import type { Json } from "../lib/strict-json.ts";
import { mirrorParams } from "../mcp/mirrored.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { Fault } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Gate, GateAnswer, GateRequest } from "../ports/gate.ts";
import type { ParkedLetter } from "../ports/mailbox.ts";
import { askPerson, end as endAsked, isCovered } from "./ask.ts";
import type { Asked } from "./asked.ts";
import type { Call, DecidedCall } from "./call.ts";
import { callTools, isCallTools } from "./call-tools.ts";
import { open, resume, takeLetter, type Unrecorded } from "./carry-out.ts";
import { isDeclined } from "./consent.ts";
import { toFreezeSubject } from "./dispatch.ts";
import { toExtra } from "./exchange.ts";
import { toForwarded } from "./forwarded.ts";
import type { GateParts } from "./gate-parts.ts";
import { claimKeyed, findKeyed, toContinuedClaim } from "./keyed.ts";
import { redactAgain, type Owing } from "./hand-over.ts";
import { isListMethod, list } from "./listing.ts";
import { readOwnMeta } from "./own-meta.ts";
import { decline, refuse } from "./refuse.ts";
import type { UnsealedState, UsedApproval } from "./request-state.ts";
import { resolve, resolveToolset } from "./resolve.ts";
import { answerSearch } from "./tool-search.ts";
import { validate } from "./validate.ts";

/** identify (at the face) → resolve → validate → decide → admit → dispatch → record. */
export function createGate(
  parts: GateParts,
): Gate & { takeLetter(letter: ParkedLetter, signal: AbortSignal): Promise<GateAnswer> } {
  return {
    async exchange(request) {
      const catalog = parts.catalog();
      if (isListMethod(request.method)) return list(catalog, request, parts.sealer);
      // A run calls the tools of its bundle by their names: each call has a place and a pin of its own.
      if (request.run !== undefined) return pass(parts, toCall(parts, catalog, request));
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
    own: readOwnMeta(request.params["_meta"]),
    withinMs,
    notAfterMs: clock.nowMs() + withinMs,
    startedMs,
  };
}

const noParams = {};

async function pass(parts: GateParts, call: Call): Promise<GateAnswer> {
  const isSource = call.request.run?.isSource === true;
  if (isSource && call.effect !== "read")
    throw new Fault("tool_blocked", `${call.target} does more than read by now.`);
  parts.freezes.check(toFreezeSubject(call));
  const before = parts.labels.before(call);
  const labels = "then" in before ? await before : before;
  const verdict = parts.decide(call, labels);
  if (verdict.kind === "changed") throw new Error("an intent that nobody agreed to has changed");
  if (verdict.kind === "unmet") return refuse(parts, verdict);
  const isOver = verdict.kind === "refused" && (isSource || verdict.decision.kind === "deny");
  if (isOver) return refuse(parts, verdict);
  const { decision, intent } = verdict.kind === "allowed" ? verdict.call : verdict;
  if (decision.kind === "deny") throw new Error("a denial went on");
  const { requestState, inputResponses } = call.request.params;
  const responses = readResponses(inputResponses);
  const state = readState(parts, call, requestState);
  const came: Came = { call, labels, state, responses };
  const { key } = call.own;
  const isKeyed = key !== null && call.effect !== "read";
  let claims: DecidedCall["claims"] = null;
  if (isKeyed && beginsAnew(state)) {
    const keyed = await claimKeyed(parts, call, key);
    if (keyed.kind === "answered") return handBack(parts, { ...call, decision }, keyed.answer);
    claims = keyed.claims;
  }
  if (verdict.kind === "allowed") return goOn(parts, came, { ...verdict.call, claims });
  if (decision.kind !== "ask") throw new Error("what was asked about was allowed");
  return passAsked(parts, { ...came, decision, intent }, claims);
}

/** Nothing of it was sent yet, so that it takes its key as one that comes for the first time. */
function beginsAnew(state: UnsealedState | null): boolean {
  if (state === null || state.kind === "approval") return true;
  return state.kind === "consent" && state.used === null && !state.isKeyTaken;
}

type Came = Omit<Asked, "decision" | "intent">;

/** What was answered before has its label as it had then, and is redacted by the rules as they are now. */
async function handBack(parts: GateParts, call: Owing, given: GateAnswer): Promise<GateAnswer> {
  await parts.labels.after(call);
  return redactAgain(parts, call, given);
}

/** A call that somebody has to agree to, or that goes on under a yes which it has used. */
async function passAsked(
  parts: GateParts,
  asked: Asked,
  claims: DecidedCall["claims"],
): Promise<GateAnswer> {
  const { call, labels, state, intent } = asked;
  if (state !== null && state.used !== null && (await stillCovers(parts, asked, state.used))) {
    const used = { ...state.used, isUsed: true, made: null, rules: intent.rules };
    const verdict = parts.decide(call, labels, used);
    if (verdict.kind === "allowed") return goOn(parts, asked, verdict.call);
    if (verdict.kind !== "changed") return refuse(parts, verdict);
  }
  const passed = await askPerson(parts, asked);
  if (passed.kind === "answered") return passed.answer;
  const agreed = { ...passed.call, claims };
  const answer = await tryOpen(parts, agreed, "");
  if (answer.kind !== "unconsumable") return answer;
  // Somebody else was faster with the same approval, or it ran out in this moment.
  const heard = claims === null ? null : await hearOfKey(parts, agreed);
  if (heard !== null) return heard;
  const standing = { id: agreed.approval!.id, reason: null };
  return (await endAsked(parts, asked, { standing, how: answer.reason })).answer;
}

/** What a person agreed to goes on as long as nobody else has to agree by now. */
async function stillCovers(
  { approvals }: GateParts,
  { call, decision }: Asked,
  { id }: UsedApproval,
): Promise<boolean> {
  const standing = await approvals.read(call.request.principal.tenant, id);
  return standing !== null && isCovered(call, decision, standing);
}

/** A call that may be made: from its start, or from where its server or a credential asked back. */
async function goOn(
  parts: GateParts,
  { call, state, responses }: Came,
  decided: DecidedCall,
): Promise<GateAnswer> {
  if (state === null) return openOnce(parts, decided, toExtra(responses, null));
  // The answer was to our question: nothing of it goes to the server.
  if (state.kind === "approval") return openOnce(parts, decided, "");
  if (state.kind === "parked") {
    const { owner, id: parked } = state;
    return resume(parts, decided, { kind: "parked", owner, parked, responses: responses ?? {} });
  }
  const claims = state.used === null ? null : await toContinuedClaim(parts, call, state.used);
  const continued = claims === null ? decided : { ...decided, claims };
  if (state.kind === "relay") return openOnce(parts, continued, toExtra(responses, state.state));
  if (isDeclined(responses)) return decline(parts, decided);
  return openOnce(parts, continued, state.extra);
}

async function openOnce(
  parts: GateParts,
  decided: DecidedCall,
  extra: string,
): Promise<GateAnswer> {
  const answer = await tryOpen(parts, decided, extra);
  if (answer.kind !== "unconsumable") return answer;
  throw new Error(`an approval that nobody uses is ${answer.reason}`);
}

/** Two with one key at the same moment: one is made, the other hears of it. */
async function tryOpen(
  parts: GateParts,
  decided: DecidedCall,
  extra: string,
): Promise<GateAnswer | Extract<Unrecorded, { kind: "unconsumable" }>> {
  const answer = await open(parts, decided, extra);
  if (answer.kind !== "key_taken") return answer;
  const { key } = decided.own;
  if (key === null) {
    const message = "requestState was used before. Send the request again without it.";
    throw new RpcRefusal(rpcCodes.invalidParams, message, { status: 200 });
  }
  const heard = await hearOfKey(parts, decided);
  if (heard !== null) return heard;
  throw new Fault("key_in_use", "Another call with this key has just ended. Send it again.");
}

/** What came of the call with the same key; null: nothing. */
async function hearOfKey(parts: GateParts, call: DecidedCall): Promise<GateAnswer | null> {
  const { key } = call.own;
  const keyed = key === null ? null : await findKeyed(parts, call, key);
  return keyed?.kind === "answered" ? handBack(parts, call, keyed.answer) : null;
}

function readResponses(given: Json | undefined): Readonly<Record<string, Json>> | null {
  if (given === undefined) return null;
  if (isObject(given)) return given;
  throw new RpcRefusal(rpcCodes.invalidParams, "params.inputResponses is an object.", {
    status: 200,
  });
}

function readState(
  { states }: GateParts,
  call: Call,
  sealed: Json | undefined,
): UnsealedState | null {
  if (sealed === undefined) return null;
  if (typeof sealed === "string") return states.unseal(call, sealed);
  throw new RpcRefusal(rpcCodes.invalidParams, "params.requestState is a string.", { status: 200 });
}
