import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { AnswerShape, Answers, Contract, Route } from "./contract.ts";
import { logBug, type Visit } from "./door.ts";
import { checkAccept, checkContent } from "./negotiate.ts";
import { decodeText, readBody } from "./read-body.ts";
import { toRefusal } from "./refusal.ts";

export interface AppOptions<C extends Contract> {
  readonly contract: C;
  readonly answers: Answers<C>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly bodyLimitBytes: () => number;
}

type Serve = (incoming: IncomingMessage, outgoing: ServerResponse, visit: Visit) => Promise<void>;
interface Bindings {
  readonly incoming: IncomingMessage;
  readonly visit: Visit;
}
type Ask = Context<{ Bindings: Bindings }>;

/** What is asked and answered once the types of the contract have done their work. */
interface Spoken {
  readonly status: number;
  readonly body: unknown;
  readonly etag?: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
type Speak = (asked: Record<string, unknown>) => Promise<Spoken> | Spoken;

/** The REST half: each route of the contract, parsed, answered and rendered the same way. */
export function createApp<C extends Contract>(options: AppOptions<C>): Serve {
  const app = new Hono<{ Bindings: Bindings }>();
  for (const [operation, route] of Object.entries(options.contract)) {
    const speak = options.answers[operation] as unknown as Speak;
    app.on(route.method, toHonoPath(route.path), (ask) => answer(options, { ask, route, speak }));
  }
  for (const [path, methods] of methodsByPath(options.contract)) {
    app.all(toHonoPath(path), () => {
      throw new Fault("method_not_allowed", `${path} takes ${methods.join(", ")}.`, {
        details: { allow: methods },
      });
    });
  }
  app.notFound(() => {
    throw new Fault("not_found", "There is nothing at this path.");
  });
  app.onError((error, ask) => {
    const { id } = ask.env.visit;
    if (!(error instanceof Fault)) logBug(options.telemetry, id, error);
    const { status, headers, body } = toRefusal(error, id);
    return new Response(JSON.stringify(body), { status, headers });
  });

  const visits = new WeakMap<object, Visit>();
  const listener = getRequestListener(
    (request, env) =>
      app.fetch(request, {
        incoming: env.incoming as IncomingMessage,
        visit: visits.get(env.incoming)!,
      }),
    { overrideGlobalObjects: false },
  );
  return async (incoming, outgoing, visit) => {
    visits.set(incoming, visit);
    await listener(incoming, outgoing);
  };
}

interface Asking {
  readonly ask: Ask;
  readonly route: Route;
  readonly speak: Speak;
}

async function answer(options: Reading, { ask, route, speak }: Asking): Promise<Response> {
  const { incoming, visit } = ask.env;
  checkRole(route, visit);
  checkAccept(incoming.headers.accept, producedBy(route));
  const asked = {
    params: parsePart("path", route.params, ask.req.param()),
    query: parsePart("query", route.query, ask.req.query()),
    headers: parsePart("headers", route.headers, incoming.headers),
    body: await unlessAborted(readText(route, incoming, options), visit.signal),
    holder: visit.holder,
    signal: visit.signal,
  };
  // Whoever was told that it is too late must not find it done.
  visit.signal.throwIfAborted();
  const work = Promise.resolve(speak(asked));
  visit.pending = work;
  const spoken = await unlessAborted(work, visit.signal);
  const shape = route.answers[spoken.status]!;
  const type = spoken.contentType ?? typeOf(shape);
  const headers = new Headers({ ...spoken.headers, "content-type": type });
  if (spoken.etag !== undefined) headers.set("etag", `"${spoken.etag}"`);
  const body = shape.produces === undefined ? JSON.stringify(spoken.body) : String(spoken.body);
  return new Response(body, { status: spoken.status, headers });
}

export function checkRole(route: Route, visit: Visit): void {
  if (route.access === "open") return;
  const { access } = route;
  if (visit.holder?.access.some((role) => access.includes(role)) === true) return;
  throw new Fault("forbidden", `This takes the role ${access.join(" or ")}.`, {
    details: { roles: access },
  });
}

type Reading = Pick<AppOptions<Contract>, "bodyLimitBytes" | "clock">;

async function readText(route: Route, incoming: IncomingMessage, options: Reading) {
  if (route.consumes === undefined) return undefined;
  checkContent(incoming.headers, route.consumes);
  const limitBytes = options.bodyLimitBytes();
  const mostBytes = Math.min(limitBytes, route.bodyBytes ?? limitBytes);
  const reading = readBody(incoming, mostBytes);
  const { bodyWithinMs } = route;
  const isBounded = bodyWithinMs !== undefined;
  return decodeText(await (isBounded ? inTime(options.clock, reading, bodyWithinMs) : reading));
}

async function inTime<T>(clock: Clock, reading: Promise<T>, withinMs: number): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(withinMs, done.signal).then((): never => {
    throw new Fault("request_timeout", "The body did not arrive in time.");
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    done.abort();
  }
}

export function parsePart(place: string, schema: Route["params"], given: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const name = issue.path.join(".");
  // If-Match is the one header whose absence has a status of its own.
  const code =
    place === "headers" && name === "if-match" ? "precondition_required" : "request_invalid";
  throw new Fault(code, `${place} ${name}: ${issue.message}`, { details: { place, name } });
}

/** The answer, or the reason why nobody waits for it any more. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    throw signal.reason;
  }
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function producedBy(route: Route): string {
  return typeOf(Object.values(route.answers)[0]!);
}

function typeOf(shape: AnswerShape): string {
  return shape.produces ?? "application/json";
}

function methodsByPath(contract: Contract): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of Object.values(contract)) {
    const also = method === "GET" ? [method, "HEAD"] : [method];
    methods.set(path, [...(methods.get(path) ?? []), ...also]);
  }
  return methods;
}

function toHonoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}
