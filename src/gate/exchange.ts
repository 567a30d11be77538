import type { SandboxStamp } from "../model/sandbox.ts";
import type { Json } from "../lib/strict-json.ts";
import { canAsk, toClientAsk, toNativeAsk, urlAsksOf } from "../mcp/asks.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { Fault, toCanonicalText } from "../model/index.ts";
import type { ClientCapabilities, RpcError } from "../model/protocol.ts";
import type { GateClient } from "../ports/gate.ts";
import type { AskAnswer, UpstreamAsk, UpstreamNotification } from "../ports/upstream.ts";
import type { Opened } from "./call.ts";
import { canTakeUrl, type Consent } from "./consent.ts";
import type { Dispatch, Dispatched, Sending } from "./dispatch.ts";
import { ParkedCall, type ParkedCalls } from "./parked.ts";
import type { RequestStates } from "./request-state.ts";
import type { Words } from "./words.ts";

/**
 * The half of a call that has a memory: who may be asked what in the middle of it, and how the answer
 * finds its way back. Four combinations of eras meet here, and only here.
 */
export interface Exchange {
  /** Sends the call; ends when the server has answered or asks a client that comes back later. */
  begin(opened: Opened, attached: Attached): Promise<Exchanged>;
  /** Takes up a parked call of this replica; null when it is not here. */
  resume(id: string): Resumed | null;
}

export interface Resumed {
  readonly opened: Opened;
  /** It goes on with the client's answers. */
  follow(attached: Attached, responses: Readonly<Record<string, Json>>): Promise<Exchanged>;
}

/** The request that waits just now: the one that began the call, or one that came back with answers. */
export interface Attached {
  readonly client: GateClient;
  readonly cancel: AbortController;
  /** Until when this request is waited for, and what it brings may be sent. */
  readonly notAfterMs: number;
  readonly onNotification: (notification: UpstreamNotification) => void;
  /**
   * The server waits for a person: the call's own time does not run. Durable when it resolves; when it
   * rejects, nothing more of the call may be sent.
   */
  readonly onWaiting: (isWaiting: boolean) => Promise<void>;
}

type Answered = Extract<Dispatched, { kind: "answered" }>;

export type Exchanged =
  | ({ readonly kind: "ended" } & Omit<Answered, "kind">)
  | Consent
  /** The client is asked; what it answers comes as a new request. */
  | {
      readonly kind: "asks";
      readonly inputRequests: Readonly<Record<string, Json>>;
      readonly state: string | null;
      /** The call itself goes on here; else it has ended, and a new one begins with the answers. */
      readonly isParked: boolean;
    };

export interface ExchangeOptions {
  readonly dispatch: Dispatch;
  readonly states: RequestStates;
  readonly parked: ParkedCalls;
  /** Of this replica: where answers to its parked calls are sent. */
  readonly owner: string;
  readonly toId: () => string;
}

/** The same client, which hears nothing of the server that is not labelled. */
export function holdBack(words: Words, attached: Attached): Attached {
  const { client, onNotification } = attached;
  const { ask } = client;
  return {
    ...attached,
    client: ask === null ? client : { ...client, ask: askAfter(words, ask) },
    onNotification: (notification) => words.pass(() => onNotification(notification)),
  };
}

type Ask = NonNullable<GateClient["ask"]>;

function askAfter(words: Words, ask: Ask): Ask {
  return async (method, params, signal) => {
    const waiting = words.before();
    if (waiting !== undefined) await waiting;
    return ask(method, params, signal);
  };
}

/** A server that asks on and on is cut: no form has more pages. */
const maxRounds = 32;

export function createExchange(options: ExchangeOptions): Exchange {
  return {
    begin: (opened, attached) =>
      attached.client.era === "modern"
        ? sendForModern(options, opened, attached)
        : sendForLegacy(options, opened, attached),
    resume(id) {
      const held = options.parked.take(id);
      if (held === null) return null;
      return {
        opened: held.opened,
        follow: (attached, responses) => goOn(options, held, { attached, responses }),
      };
    },
  };
}

/** Members that go upstream beside the call's own. */
export function toExtra(responses: Json | null, state: string | null): string {
  const members: string[] = [];
  if (responses !== null) members.push(`"inputResponses":${toCanonicalText(responses)}`);
  if (state !== null) members.push(`"requestState":${JSON.stringify(state)}`);
  return members.join(",");
}

/** The client cannot be asked, so whatever a legacy server asks parks the call. */
async function sendForModern(
  options: ExchangeOptions,
  opened: Opened,
  attached: Attached,
): Promise<Exchanged> {
  const { capabilities } = attached.client;
  const { state } = opened.call.server;
  if (state.kind === "ready" && state.era === "modern")
    return sendStraight(options, opened, attached);
  const parked = new ParkedCall(opened, attached.cancel);
  const sending: Sending = {
    extra: opened.extra,
    key: toKey(opened),
    client: capabilities,
    signal: parked.signal,
    life: opened.life,
    onNotification: (notification) => parked.onNotification(notification),
    onCredential: (id) => void (opened.noted.credential = id),
    onSandbox: (stamp) => void (opened.noted.sandbox = stamp),
    onAsk: (ask) => {
      opened.noted.wasReceived = true;
      return refusalOf(capabilities, ask) ?? parked.onAsk({ ...ask, params: toNativeAsk(ask) });
    },
  };
  parked.begin(options.dispatch(opened.call, sending));
  return follow(options, parked, attached);
}

/** A modern server asks by ending the call, so there is nothing to park. */
async function sendStraight(
  options: ExchangeOptions,
  opened: Opened,
  { client, cancel, onNotification }: Attached,
): Promise<Exchanged> {
  const dispatched = await options.dispatch(opened.call, {
    extra: opened.extra,
    key: toKey(opened),
    client: client.capabilities,
    signal: cancel.signal,
    life: opened.life,
    onNotification,
    // One that was modern a moment ago and is not any more.
    onAsk: async ({ method }) => ({ kind: "error", error: cannotAsk(method) }),
    onCredential: (id) => void (opened.noted.credential = id),
    onSandbox: (stamp) => void (opened.noted.sandbox = stamp),
  });
  return toEnded(options, { opened, client, dispatched });
}

/** For tools that take one: a caller's own key stays the same however often it sends the call. */
function toKey({ call, of }: Opened): string | null {
  const { own, claims } = call;
  return own.key === null || claims === null ? of : claims.hash.slice("sha256:".length);
}

interface Answers {
  readonly attached: Attached;
  readonly responses: Readonly<Record<string, Json>>;
}

/** Its row says that it lives on before the server hears anything more. */
async function goOn(
  options: ExchangeOptions,
  parked: ParkedCall,
  { attached, responses }: Answers,
): Promise<Exchanged> {
  const stop = parked.follows(attached.cancel);
  try {
    await parked.prolong(attached.notAfterMs);
    parked.give(responses);
  } catch (error) {
    parked.cancel(error);
    throw error;
  } finally {
    stop();
  }
  return follow(options, parked, attached);
}

/** Until the call ends or is parked; whoever leaves before cancels it. */
async function follow(
  options: ExchangeOptions,
  parked: ParkedCall,
  { client, cancel, onNotification }: Attached,
): Promise<Exchanged> {
  const stop = parked.follows(cancel);
  try {
    const next = await parked.follow(onNotification);
    if (next !== "asks")
      return toEnded(options, { opened: parked.opened, client, dispatched: next });
    const id = options.toId();
    await options.parked.park(id, parked);
    const state = options.states.seal(parked.opened.call, {
      kind: "parked",
      id,
      owner: options.owner,
    });
    return { kind: "asks", inputRequests: parked.inputRequests(), state, isParked: true };
  } finally {
    stop();
  }
}

interface End {
  readonly opened: Opened;
  readonly client: GateClient;
  readonly dispatched: Dispatched;
}

/** A modern server's own question goes to a modern client as it is, its state sealed. */
function toEnded({ states }: ExchangeOptions, { opened, client, dispatched }: End): Exchanged {
  const { call, extra } = opened;
  const after = opened.of ?? "";
  if (dispatched.kind === "consent") {
    const { url } = dispatched;
    const state = canTakeUrl(client) ? states.seal(call, { kind: "consent", extra }) : null;
    return { kind: "consent", url, state };
  }
  const { answer } = dispatched;
  if (answer.kind === "error") {
    const inputRequests = canTakeUrl(client) ? urlAsksOf(answer.error) : null;
    if (inputRequests === null) return { ...dispatched, kind: "ended" };
    const state = states.seal(call, { kind: "relay", state: null, after });
    return { kind: "asks", inputRequests, state, isParked: false };
  }
  if (answer.value["resultType"] !== "input_required") return { ...dispatched, kind: "ended" };
  const { inputRequests, requestState } = answer.value;
  const own = typeof requestState === "string" ? requestState : null;
  // A server that needs none back: what a person agreed to is remembered in it all the same.
  const needsState = own !== null || call.approval !== null;
  const state = needsState ? states.seal(call, { kind: "relay", state: own, after }) : null;
  return {
    kind: "asks",
    inputRequests: isObject(inputRequests) ? inputRequests : {},
    state,
    isParked: false,
  };
}

/** The client is asked on the spot, whether its server is legacy or modern. */
async function sendForLegacy(
  options: ExchangeOptions,
  opened: Opened,
  attached: Attached,
): Promise<Exchanged> {
  const { call, extra: first, noted, life } = opened;
  const { client, cancel, onNotification } = attached;
  const sending = {
    key: toKey(opened),
    client: client.capabilities,
    signal: cancel.signal,
    life,
    onNotification,
    onAsk: (ask: UpstreamAsk) => {
      noted.wasReceived = true;
      return askClient(attached, ask);
    },
    onCredential: (id: string) => void (noted.credential = id),
    onSandbox: (stamp: () => SandboxStamp) => void (noted.sandbox = stamp),
  };
  let extra = first;
  for (let round = 0; round < maxRounds; round += 1) {
    const dispatched = await options.dispatch(call, { ...sending, extra });
    if (dispatched.kind === "consent") return { ...dispatched, state: null };
    const { answer } = dispatched;
    if (answer.kind === "error" || answer.value["resultType"] !== "input_required") {
      return { ...dispatched, kind: "ended" };
    }
    noted.wasReceived = true;
    const { inputRequests, requestState } = answer.value;
    const responses = await askAll(attached, isObject(inputRequests) ? inputRequests : {});
    extra = toExtra(responses, typeof requestState === "string" ? requestState : null);
  }
  throw new Fault("upstream_garbled", `The server asked more than ${maxRounds} times.`);
}

/** What the client cannot be asked is answered for it; null: it can. */
function refusalOf(
  capabilities: ClientCapabilities,
  ask: { readonly method: string; readonly params: Readonly<Record<string, Json>> },
): Promise<AskAnswer> | null {
  if (canAsk(capabilities, ask)) return null;
  return Promise.resolve({ kind: "error", error: cannotAsk(ask.method) });
}

function cannotAsk(method: string): RpcError {
  return { code: rpcCodes.methodNotFound, message: `The client does not take ${method}.` };
}

async function askClient({ client, onWaiting }: Attached, ask: UpstreamAsk): Promise<AskAnswer> {
  const refusal = refusalOf(client.capabilities, ask);
  if (refusal !== null) return refusal;
  if (client.ask === null) return { kind: "error", error: cannotAsk(ask.method) };
  await onWaiting(true);
  try {
    return await client.ask(ask.method, ask.params, ask.signal);
  } finally {
    await onWaiting(false);
  }
}

async function askAll(
  attached: Attached,
  inputRequests: Readonly<Record<string, Json>>,
): Promise<Json> {
  const asked = Object.entries(inputRequests).map(
    async ([key, wanted]): Promise<[string, Json]> => {
      const ask = toClientAsk(wanted, key);
      if (ask === null) throw new Fault("upstream_garbled", "The server asked something unknown.");
      const answer = await askClient(attached, { ...ask, signal: attached.cancel.signal });
      if (answer.kind === "result") return [key, answer.result];
      throw new RpcRefusal(answer.error.code, answer.error.message, { status: 200 });
    },
  );
  return Object.fromEntries(await Promise.all(asked));
}
