import type { Identity } from "../authority/identity.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { AdmissionBounds } from "./admission.ts";
import { createAnswers, type AnswersOptions } from "./answers.ts";
import { createApp } from "./app.ts";
import type { Route } from "./contract.ts";
import { isDocument, serveDocument } from "./documents.ts";
import { createDoor, type Access, type Door, type DoorRule } from "./door.ts";
import {
  startHttpServer,
  type HttpServer,
  type HttpServerOptions,
  type Timeouts,
} from "./http-server.ts";
import { createLanes, type LaneName } from "./lanes.ts";
import type { Face } from "./mcp/face.ts";
import type { ReadServerTls } from "./tls.ts";
import { routes } from "./routes.ts";
import { createRunStreams, isRunStream } from "./run-events.ts";

export interface ApiOptions extends Omit<AnswersOptions, "isDraining"> {
  readonly listen: HttpServerOptions["listen"];
  readonly headerBytes: number;
  readonly timeouts?: Timeouts;
  readonly tls?: ReadServerTls;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Of the revision that is serving; asked once a request. */
  readonly identity: () => Identity;
  readonly face: Face;
  /** Of the revision that is serving; asked once a request. */
  readonly limits: () => ApiLimits;
}

export interface ApiLimits extends AdmissionBounds, DoorRule {
  readonly bodyBytes: number;
  /** Requests and streams of the protocol's paths, and streams of runs, open at once. */
  readonly openStreams: number;
}

/** The listener with everything that answers on it. */
export async function startApi(options: ApiOptions): Promise<HttpServer> {
  const { clock, random, telemetry, identity, limits, face } = options;
  const lanes = createLanes({ limits, telemetry });
  const rest = createApp({
    contract: routes,
    answers: createAnswers({ ...options, isDraining: () => lanes.draining }),
    clock,
    telemetry,
    bodyLimitBytes: () => limits().bodyBytes,
  });
  const streams = createRunStreams(options);
  const serve: Door["serve"] = async (incoming, outgoing, visit) => {
    const target = incoming.url ?? "";
    if (isProtocol(target)) return face.serve(incoming, outgoing, visit);
    const path = target.split("?", 1)[0]!;
    if (isDocument(path)) return serveDocument(identity(), incoming, outgoing);
    if (isRunStream(incoming.method ?? "", path, incoming.headers.accept))
      return streams.serve(incoming, outgoing, visit);
    return rest(incoming, outgoing, visit);
  };
  const door = { clock, random, telemetry, identity, lanes };
  const listener = createDoor({ ...door, rule: limits, access: toAccess, serve });
  const server = await startHttpServer({ ...options, listener, admission: lanes });
  return {
    url: server.url,
    drain: (withinMs) => {
      face.close();
      streams.close();
      return server.drain(withinMs);
    },
  };
}

function isProtocol(target: string): boolean {
  return target === "/mcp" || target.startsWith("/mcp/") || target.startsWith("/mcp?");
}

const all: readonly Route[] = Object.values(routes);
const vital = pathsWhere((route) => route.vital === true);
const open = pathsWhere((route) => route.access === "open");
const openShapes = [...open].filter((path) => path.includes("{")).map(toShape);
const forms = pathsWhere((route) => route.access === "open" && route.consumes !== undefined);

const reservedRoutes = all
  .filter((route) => route.reserved === true)
  .map((route) => ({ ...route, shape: toShape(route.path) }));

function toAccess(method: string, path: string, accept: string | undefined): Access {
  const reserved = reservedRoutes.find(
    (route) => route.method === method && route.shape.test(path),
  );
  const roles = reserved === undefined || reserved.access === "open" ? [] : reserved.access;
  const isOpen = open.has(path) || openShapes.some((shape) => shape.test(path)) || isDocument(path);
  const lane = isRunStream(method, path, accept)
    ? "streams"
    : roles.length > 0
      ? "reserved"
      : toLane(path, isOpen);
  return { open: isOpen, anyOrigin: isDocument(path), vital: vital.has(path), lane, roles };
}

function toLane(path: string, isOpen: boolean): LaneName {
  if (isProtocol(path)) return "streams";
  if (forms.has(path)) return "forms";
  return isOpen ? "pages" : "shared";
}

/** `/approvals/{id}` as the paths that it stands for. */
function toShape(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);
}

function pathsWhere(holds: (route: Route) => boolean): ReadonlySet<string> {
  return new Set(all.filter(holds).map(({ path }) => path));
}
