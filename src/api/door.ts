import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { isRefused, type Identified, type Identity } from "../authority/identity.ts";
import type { KeyHolder, Role } from "../authority/keyring.ts";
import { toPlace } from "../mcp/place.ts";
import { Fault, toUuidV7 } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { drainingFault } from "./admission.ts";
import { forAnother, toChallenge } from "./challenge.ts";
import { checkCaller, checkHost, onlyOne, type CallerRule } from "./check-caller.ts";
import type { LaneName, Lanes } from "./lanes.ts";
import { sendRefusal, toRefusal, type Rendered } from "./refusal.ts";
import { listProvenNames } from "./tls.ts";

/** One request on its way through: what the door found out about it. */
export interface Visit {
  readonly id: string;
  /** Null only on a route that is open to all. */
  readonly holder: KeyHolder | null;
  /** Aborted when the client is gone or the deadline has passed. */
  readonly gone: AbortController;
  readonly signal: AbortSignal;
  /** Work that goes on after its answer was given up; its place is kept until it ends. */
  pending: Promise<unknown> | null;
}

export interface DoorRule extends CallerRule {
  readonly requestDeadlineMs: number;
}

export interface Access {
  /** Without a key or token. */
  readonly open: boolean;
  /** Also to pages of any site. */
  readonly anyOrigin: boolean;
  /** Also at the bound and while draining. */
  readonly vital: boolean;
  /** Streams bound their own time. */
  readonly lane: LaneName;
  /** Whom the reserved lane is for. */
  readonly roles: readonly Role[];
}

export interface Door {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Asked once a request, as the rule is. */
  readonly identity: () => Identity;
  readonly lanes: Lanes;
  /** Asked once a request: a new revision holds for the next one. */
  readonly rule: () => DoorRule;
  readonly access: (method: string, path: string, accept: string | undefined) => Access;
  /** Answers the request wholly, or throws before it has written anything. */
  readonly serve: (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    visit: Visit,
  ) => Promise<void>;
  /** Where a path belongs to a format of others, in that; null: in ours. */
  readonly renderRefusal?: (
    incoming: IncomingMessage,
    error: unknown,
    request: string,
  ) => Rendered | null;
}

const securityHeaders: readonly [string, string][] = [
  ["cache-control", "no-store"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
];

/**
 * What every request passes before anything of it is read but its headers, in this order:
 * target, caller, draining, key or token, turn.
 */
export function createDoor(door: Door): RequestListener {
  return (incoming, outgoing) => {
    const id = toUuidV7(door.clock.nowMs(), door.random.bytes(10));
    outgoing.setHeader("x-request-id", id);
    for (const [name, value] of securityHeaders) outgoing.setHeader(name, value);
    void letIn(door, { incoming, outgoing, id }).catch((error: unknown) => {
      if (!(error instanceof Fault)) logBug(door.telemetry, id, error);
      const rendered = door.renderRefusal?.(incoming, error, id) ?? toRefusal(error, id);
      sendRefusal(outgoing, rendered);
    });
  };
}

function measure({ clock, telemetry }: Door, outgoing: ServerResponse, startedMs: number): void {
  const status = outgoing.writableFinished ? toClass(outgoing.statusCode) : "cut";
  telemetry.count("http_requests", { status });
  telemetry.observe("http_request_seconds", (clock.monotonicMs() - startedMs) / 1000, {});
}

const classes = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;
function toClass(status: number): (typeof classes)[number] {
  return classes[Math.floor(status / 100) - 1] ?? "5xx";
}

interface Arrival {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly id: string;
}

async function letIn(door: Door, { incoming, outgoing, id }: Arrival): Promise<void> {
  const startedMs = door.clock.monotonicMs();
  const gone = new AbortController();
  const ends = createEnds();
  outgoing.once("close", () => {
    // An answer that was written whole needs no cancelling, and a call may go on behind it.
    if (!outgoing.writableFinished) gone.abort(new Fault("request_invalid", "The client is gone."));
    measure(door, outgoing, startedMs);
    ends.one();
  });
  const rule = door.rule();
  const path = parsePath(incoming);
  const { lanes } = door;
  const { method = "", headers } = incoming;
  const { open, anyOrigin, vital, lane, roles } = door.access(method, path, headers.accept);
  if (anyOrigin) checkHost(incoming, rule);
  else checkCaller(incoming, rule);
  if (lanes.draining) outgoing.shouldKeepAlive = false;
  if (lanes.draining && !vital) throw drainingFault();
  const identified = open
    ? null
    : identify(door.identity(), { incoming, path, nowMs: door.clock.nowMs() });
  // Whoever was proven before, as most are, does not wait.
  const holder =
    identified instanceof Promise ? await unlessDraining(door, identified, vital) : identified;

  if (lane !== "streams") limitTime(door, { outgoing, gone, withinMs: rule.requestDeadlineMs });
  const { signal } = gone;
  const leave = vital ? () => undefined : await lanes.enter({ lane, roles, holder, signal });
  const visit: Visit = { id, holder, gone, signal, pending: null };
  try {
    await door.serve(incoming, outgoing, visit);
  } finally {
    const { pending } = visit;
    ends.atLast(
      pending === null ? leave : () => void pending.finally(leave).catch(() => undefined),
    );
    ends.one();
  }
}

/** A server that begins to stop while an issuer is asked does not take the request any more. */
async function unlessDraining(
  { lanes }: Door,
  identified: Promise<KeyHolder>,
  vital: boolean,
): Promise<KeyHolder> {
  const holder = await identified;
  if (lanes.draining && !vital) throw drainingFault();
  return holder;
}

/** The place is given back once the answer is out and the work behind it is done, whichever is last. */
function createEnds() {
  let left = 2;
  let last = (): void => undefined;
  return {
    atLast: (work: () => void) => void (last = work),
    one(): void {
      left -= 1;
      if (left === 0) last();
    },
  };
}

interface Limited {
  readonly outgoing: ServerResponse;
  readonly gone: AbortController;
  readonly withinMs: number;
}

function limitTime({ clock }: Door, { outgoing, gone, withinMs }: Limited): void {
  const done = new AbortController();
  outgoing.once("close", () => done.abort(answered));
  clock.sleep(withinMs, done.signal).then(
    () => {
      gone.abort(new Fault("deadline_exceeded", "The request took too long."));
      // Whoever does not read the answer must not keep the place of one who would.
      if (outgoing.headersSent) outgoing.destroy();
    },
    () => undefined,
  );
}

const answered = Symbol("answered");

/** Origin form alone: a proxy's absolute form would name a second host. */
function parsePath(incoming: IncomingMessage): string {
  const target = incoming.url ?? "";
  if (!target.startsWith("/") || target.startsWith("//") || target.includes("\\")) {
    throw new Fault("request_invalid", "The request target is not a path.");
  }
  return target.split("?", 1)[0]!;
}

/** 16 KiB: more than any issuer's token, and what most servers take of a header. */
const bearerShape = /^Bearer +(\S{1,16384})$/i;

interface Asking {
  readonly incoming: IncomingMessage;
  readonly path: string;
  readonly nowMs: number;
}

function byCertificate(
  identity: Identity,
  incoming: IncomingMessage,
  nowMs: number,
): KeyHolder | null {
  const names = listProvenNames(incoming, nowMs);
  return names.length === 0 ? null : identity.identifyByNames(names);
}

/** In the header alone: what stands in a query is logged on its way. */
function identify(
  identity: Identity,
  { incoming, path, nowMs }: Asking,
): KeyHolder | Promise<KeyHolder> {
  const given = onlyOne(incoming, "authorization");
  const bearer = given === undefined ? undefined : bearerShape.exec(given)?.[1];
  const place = toPlace(path);
  if (bearer === undefined) {
    const holder = given === undefined ? byCertificate(identity, incoming, nowMs) : null;
    if (holder !== null) return holder;
    throw toChallenge(identity, { place, refused: null });
  }
  const identified = identity.identify(bearer);
  return identified instanceof Promise
    ? identified.then((settled) => toHolder(identity, settled, place))
    : toHolder(identity, identified, place);
}

/** A token for one of our resources opens none of the others. */
function toHolder(identity: Identity, identified: Identified, place: string): KeyHolder {
  if (isRefused(identified)) throw toChallenge(identity, { place, refused: identified });
  if (identified.opens === null || identified.opens.has(place)) return identified;
  throw toChallenge(identity, { place, refused: forAnother });
}

export function logBug(telemetry: Telemetry, request: string, error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  telemetry.log("error", "bug", { request, stack });
}
