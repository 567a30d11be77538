import {
  Fault,
  toExposedName,
  toPrincipalKey,
  toSubjectKey,
  type BreakerState,
  type FaultCode,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Connections } from "../ports/connections.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { Freezes, FreezeSubject } from "../ports/freezes.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type {
  AskAnswer,
  Upstream,
  UpstreamAnswer,
  UpstreamAsk,
  UpstreamCaller,
  UpstreamNotification,
} from "../ports/upstream.ts";
import type { ClientCapabilities } from "../model/protocol.ts";
import { isRemote } from "../model/config-servers.ts";
import type { AdmittedCall, Call } from "./call.ts";
import type { CallLife } from "./call-life.ts";
import type { Labels } from "./labels.ts";
import { askCredential, hasCredential, isRejected, untilGiven } from "./credential.ts";
import type { SandboxStamp } from "../model/sandbox.ts";
import { chooseTier, isDowngraded } from "./isolation.ts";
import { chooseEndpoint, noteFault, noteSuccess } from "./choose-endpoint.ts";
import {
  createTracks,
  isOfServer,
  noteAnswer,
  noteEnd,
  type ServerTrack,
  type Tracks,
} from "./server-tracks.ts";

/** One sending of an admitted call; a call whose server asks in between is sent more than once. */
export interface Sending {
  /** Added to the call's own members: `inputResponses`, `requestState`. Empty for none. */
  readonly extra: string;
  /** Of the call, for tools that take one: the same for all its sendings. Null for a read. */
  readonly key: string | null;
  readonly client: ClientCapabilities;
  readonly signal: AbortSignal;
  readonly life: Pick<CallLife, "notAfterMs">;
  readonly onNotification: (notification: UpstreamNotification) => void;
  readonly onAsk: (ask: UpstreamAsk) => Promise<AskAnswer>;
  /** Told which credential goes along, before it does. */
  readonly onCredential: (id: string) => void;
  /** Told where the program of the server runs, before anything is sent to it. */
  readonly onSandbox: (stamp: () => SandboxStamp) => void;
}

export type Dispatched =
  | {
      readonly kind: "answered";
      readonly answer: UpstreamAnswer;
      readonly endpoint: string;
      readonly era: Upstream["facts"]["era"];
    }
  /** Nothing was sent: the caller has to agree first, at this page of ours. */
  | { readonly kind: "consent"; readonly url: string };

export interface DispatchOptions {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly freezes: Freezes;
  readonly credentials: Credentials;
  /** What a call's context has touched, for servers of our own. Absent: nobody keeps it. */
  readonly labels?: Pick<Labels, "of">;
  /** Told the state that the breaker of a server came into. */
  readonly onBreaker?: (server: string, state: BreakerState) => void;
}

export type Dispatch = (call: AdmittedCall, sending: Sending) => Promise<Dispatched>;

/** Nothing was worked on, so that the call may be sent again. */
const unsent: ReadonlySet<FaultCode> = new Set(["upstream_unreachable"]);
const maxAttempts = 3;
const firstPauseMs = 25;

/**
 * Chooses an endpoint, sends, and sends again where that is safe: what was not worked on always, what
 * may have been only where the call is idempotent, and both within the server's retry budget.
 */
export function createDispatch(
  options: DispatchOptions,
  tracks: Tracks = createTracks(options),
): Dispatch {
  return async (call, sending) => {
    const entered = tracks.enter(call);
    const { track } = entered;
    try {
      const dispatched = await sendUntilDone(options, { call, sending, track, tried: new Set() });
      if (dispatched.kind === "answered") noteAnswer(entered);
      else noteEnd(entered, null);
      return dispatched;
    } catch (error) {
      noteEnd(entered, error, toLateMs(options, sending));
      throw error;
    }
  };
}

/** The breakers see how a call ended, not each try: one dead copy among others is no dead server. */
async function sendUntilDone(options: DispatchOptions, attempted: Attempt): Promise<Dispatched> {
  const { clock, random } = options;
  const { call, sending, track } = attempted;
  // What may have been carried out stays so, whatever becomes of the sendings after it.
  let doubtful: Fault | null = null;
  for (let attempts = 1; ; attempts += 1) {
    try {
      const dispatched = await attempt(options, attempted);
      if (dispatched.kind !== "consent" || doubtful === null) return dispatched;
    } catch (error) {
      const isLast = attempts >= maxAttempts || sending.signal.aborted || track.retryTokens < 1;
      if (isLast || !maySendAgain(call, error)) throw doubtful ?? error;
      if (!unsent.has(error.code)) doubtful ??= error;
      track.retryTokens -= 1;
      // Full jitter: those who failed together do not come back together.
      await clock.sleep(random.fraction() * firstPauseMs * 2 ** attempts, sending.signal);
      continue;
    }
    // The consent is for a sending after one that may have been carried out.
    throw doubtful;
  }
}

interface Attempt {
  readonly call: AdmittedCall;
  readonly sending: Sending;
  readonly track: ServerTrack;
  /** Endpoints that this call was sent to before. */
  readonly tried: Set<string>;
}

async function attempt(
  options: DispatchOptions,
  { call, sending, track, tried }: Attempt,
): Promise<Dispatched> {
  const { connections, clock, random } = options;
  const load = chooseEndpoint(track.loads, {
    wanted: call.tool?.endpoints ?? null,
    tried,
    nowMs: clock.monotonicMs(),
    random,
  });
  tried.add(load.endpoint);
  load.outstanding += 1;
  try {
    const { endpoint } = load;
    if (hasCredential(call.server.config)) {
      const dispatched = await sendWithCredential(options, { call, sending, endpoint });
      if (dispatched.kind === "answered") noteSuccess(load);
      return dispatched;
    }
    const upstream = await connectFor(connections, { call, endpoint, signal: sending.signal });
    const { sandbox } = upstream;
    if (sandbox !== null)
      sending.onSandbox(() => ({ ...sandbox(), downgraded: isDowngraded(call) }));
    const request = toUpstreamRequest(options, call, sending);
    const beforeWrite = createCheck(options, call, sending);
    const answer = await upstream.send({ ...request, credential: null, beforeWrite });
    const ran = answer.kind === "result" ? answer.sandbox : undefined;
    if (ran !== undefined) sending.onSandbox(() => ({ ...ran, downgraded: isDowngraded(call) }));
    noteSuccess(load);
    return { kind: "answered", answer, endpoint, era: upstream.facts.era };
  } catch (error) {
    if (isOfServer(error, toLateMs(options, sending))) noteFault(load, clock.monotonicMs());
    throw error;
  } finally {
    load.outstanding -= 1;
  }
}

/** How long after its time; below zero before. */
function toLateMs({ clock }: DispatchOptions, { life }: Pick<Sending, "life">): number {
  return clock.nowMs() - life.notAfterMs;
}

interface Copy {
  readonly call: AdmittedCall;
  readonly sending: Sending;
  readonly endpoint: string;
}

/** A 401 means that nothing was done, so the call is sent once more where there is a new credential. */
async function sendWithCredential(
  options: DispatchOptions,
  { call, sending, endpoint }: Copy,
): Promise<Dispatched> {
  const { connections, credentials } = options;
  const { method, target, server, request } = call;
  const wanted = { principal: request.principal, server: server.name, endpoint, method, target };
  for (let isSecond = false; ; isSecond = true) {
    const given = await untilGiven(askCredential(credentials, wanted), sending.signal);
    if (given.kind === "consent") return { kind: "consent", url: given.url };
    sending.onCredential(given.id);
    const upstream = await connectFor(connections, { call, endpoint, signal: sending.signal });
    const beforeWrite = createCheck(options, call, sending);
    const sent = {
      ...toUpstreamRequest(options, call, sending),
      credential: given.headers,
      beforeWrite,
    };
    try {
      const answer = await upstream.send(sent);
      return { kind: "answered", answer, endpoint, era: upstream.facts.era };
    } catch (error) {
      if (isSecond || !isRejected(error) || !credentials.rejected(given.id)) throw error;
    }
  }
}

function maySendAgain(call: AdmittedCall, error: unknown): error is Fault {
  if (!(error instanceof Fault)) return false;
  if (unsent.has(error.code)) return true;
  return error.code === "upstream_lost" && (call.effect === "read" || call.idempotent);
}

interface Wanted {
  readonly call: AdmittedCall;
  readonly endpoint: string;
  readonly signal: AbortSignal;
}

/** Its programs are the ones that are listed, and watched for changes. */
export const defaultTenant = "default";

/** Nothing of the call was sent, whatever went wrong with the connection that it waited for. */
async function connectFor(connections: Connections, wanted: Wanted): Promise<Upstream> {
  try {
    return await connect(connections, wanted);
  } catch (error) {
    if (!(error instanceof Fault) || !wentWrong.has(error.code)) throw error;
    const { message, details } = error;
    throw new Fault("upstream_unreachable", message, { details, cause: error });
  }
}

const wentWrong: ReadonlySet<FaultCode> = new Set(["upstream_lost", "upstream_garbled"]);

/** Legacy servers keep state per session, so each caller has a session of its own. */
async function connect(
  connections: Connections,
  { call, endpoint, signal }: Wanted,
): Promise<Upstream> {
  const { server, request } = call;
  const { tenant } = request.principal;
  // A program keeps what it was told in its memory: no two tenants talk to the same one.
  const isApart = server.config.transport === "stdio" && tenant !== defaultTenant;
  const common = isApart ? `tenant\n${tenant}` : "";
  const shared = await connections.get({ server: server.name, endpoint, subject: common }, signal);
  if (shared.facts.era === "modern" || !isRemote(server.config)) return shared;
  const { principal } = request;
  // An agent has its subject's grant, but exchanged tokens of its own.
  const isOfAgent = server.config.credential?.kind === "exchange";
  const subject = isOfAgent ? toPrincipalKey(principal) : toSubjectKey(principal);
  return connections.get({ server: server.name, endpoint, subject, principal }, signal);
}

/**
 * A call that waited for a connection may be late by now, or stopped meanwhile (I4). Asked again of what
 * belongs to a call that was written, it does not say that nothing was sent.
 */
function createCheck(
  { clock, freezes }: DispatchOptions,
  call: AdmittedCall,
  { life }: Pick<Sending, "life">,
): () => void {
  let isWritten = false;
  return () => {
    if (clock.nowMs() >= life.notAfterMs) {
      const code = isWritten ? "deadline_exceeded" : "call_late";
      throw new Fault(code, "The call was not sent in time.");
    }
    freezes.check(toFreezeSubject(call));
    isWritten = true;
  };
}

export function toFreezeSubject({ request, server, tool, effect }: Call): FreezeSubject {
  const name = tool === null ? null : toExposedName(server.name, tool.name);
  return { principal: request.principal, server: server.name, tool: name, effect };
}

function toUpstreamRequest(options: DispatchOptions, call: AdmittedCall, sending: Sending) {
  const { method, members, mirrored, target } = call;
  const isNamed =
    method === "tools/call" || method === "prompts/get" || method === "resources/read";
  return {
    method,
    members: sending.extra === "" ? members : `${members},${sending.extra}`,
    meta: toMeta(call, sending.key),
    caller: toCaller(options, call, sending.life),
    name: isNamed ? target : null,
    params: mirrored,
    client: sending.client,
    signal: sending.signal,
    onNotification: sending.onNotification,
    onAsk: sending.onAsk,
  };
}

/** For servers of our own: nothing of it is written to any other. */
function toCaller(
  { labels }: DispatchOptions,
  call: AdmittedCall,
  life: Sending["life"],
): UpstreamCaller {
  const { principal, roles, run = null } = call.request;
  const place = run === null ? null : { run: run.run, step: run.step, ordinal: run.ordinal };
  const touched = async () => labels?.of(call) ?? null;
  const tier = chooseTier(call);
  return { principal, roles, run: place, labels: touched, tier, untilMs: () => life.notAfterMs };
}

function toMeta({ tool, forwarded }: AdmittedCall, key: string | null): AdmittedCall["forwarded"] {
  const name = tool?.config.idempotencyKey;
  return name === undefined || key === null ? forwarded : { ...forwarded, [name]: key };
}
