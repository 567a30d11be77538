import type { Identity } from "../authority/identity.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { AdmissionBounds } from "./admission.ts";
import { createAgUiDoor, isAgUi } from "./ag-ui/ag-ui-door.ts";
import { createAnswers, type AnswersOptions } from "./answers.ts";
import { createApp } from "./app.ts";
import type { ConsoleFiles } from "./console/read-console.ts";
import { isConsole, serveConsole } from "./console/serve-console.ts";
import type { Route } from "./contract.ts";
import { createA2aDoor } from "./a2a/a2a-door.ts";
import type { A2aParts } from "./a2a/options.ts";
import { isA2aCall, isA2aDocument } from "./a2a/paths.ts";
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
import { createChat, isCompletion, type ChatOptions } from "./chat/chat.ts";
import { toOpenaiRefusal } from "./chat/to-openai-refusal.ts";

export interface ApiOptions extends Omit<AnswersOptions, "isDraining"> {
  /** Of the revision that is serving; asked once a request. */
  readonly completions: ChatOptions["completions"];
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
  readonly a2a: A2aParts;
  /** Null where it was not built. */
  readonly console: ConsoleFiles | null;
  /** Of the revision that is serving; asked once a request. */
  readonly limits: () => ApiLimits;
}

export interface ApiLimits extends AdmissionBounds, DoorRule {
  readonly bodyBytes: number;
  /** Requests and streams of the protocols' paths, completions, and streams of runs, open at once. */
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
  const chat = createChat(options);
  const a2a = createA2aDoor(options);
  const agUi = createAgUiDoor(options);
  const serve: Door["serve"] = async (incoming, outgoing, visit) => {
    const target = incoming.url ?? "";
    if (isProtocol(target)) return face.serve(incoming, outgoing, visit);
    const path = target.split("?", 1)[0]!;
    if (isDocument(path)) return serveDocument(identity(), incoming, outgoing);
    if (isConsole(path)) return serveConsole(options.console, incoming, outgoing);
    if (isA2aDocument(path) || isA2aCall(path)) return a2a.serve(incoming, outgoing, visit);
    if (isAgUi(path)) return agUi.serve(incoming, outgoing, visit);
    if (isRunStream(incoming.method ?? "", path, incoming.headers.accept))
      return streams.serve(incoming, outgoing, visit);
    if (isCompletion(incoming.method ?? "", path)) return chat.serve(incoming, outgoing, visit);
    return rest(incoming, outgoing, visit);
  };
  const door = { clock, random, telemetry, identity, lanes };
  const renderRefusal: Door["renderRefusal"] = (incoming, error, id) =>
    isCompletion(incoming.method ?? "", (incoming.url ?? "").split("?", 1)[0]!)
      ? toOpenaiRefusal(error, id, clock.nowMs())
      : null;
  const listener = createDoor({ ...door, rule: limits, access: toAccess, serve, renderRefusal });
  const admission = {
    drain: () => lanes.drain(),
    // An answer that is paid for is not cut while there is time.
    whenIdle: async () => void (await Promise.all([lanes.whenIdle(), chat.whenIdle()])),
  };
  const server = await startHttpServer({ ...options, listener, admission });
  return {
    url: server.url,
    drain: (withinMs) => {
      face.close();
      streams.close();
      a2a.close();
      agUi.close();
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
  const anyOrigin = isDocument(path) || isA2aDocument(path);
  const isOpen =
    open.has(path) || openShapes.some((shape) => shape.test(path)) || anyOrigin || isConsole(path);
  const lane =
    isRunStream(method, path, accept) || isCompletion(method, path)
      ? "streams"
      : roles.length > 0
        ? "reserved"
        : toLane(path, isOpen);
  return { open: isOpen, anyOrigin, vital: vital.has(path), lane, roles };
}

function toLane(path: string, isOpen: boolean): LaneName {
  if (isProtocol(path) || isAgUi(path) || isA2aCall(path)) return "streams";
  if (forms.has(path)) return "forms";
  return isOpen ? "pages" : "shared";
}

/** `/connect/callback/{server}` as the paths that it stands for. */
function toShape(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);
}

function pathsWhere(holds: (route: Route) => boolean): ReadonlySet<string> {
  return new Set(all.filter(holds).map(({ path }) => path));
}
