import type { Identity } from "../authority/identity.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createAdmission, type AdmissionBounds } from "./admission.ts";
import { createAnswers, type AnswersOptions } from "./answers.ts";
import { createApp } from "./app.ts";
import { isDocument, serveDocument } from "./documents.ts";
import { createDoor, type Door, type DoorRule } from "./door.ts";
import {
  startHttpServer,
  type HttpServer,
  type HttpServerOptions,
  type Timeouts,
} from "./http-server.ts";
import type { Face } from "./mcp/face.ts";
import type { ReadServerTls } from "./tls.ts";
import { routes } from "./routes.ts";

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
  /** Requests and streams of the protocol's paths open at once. */
  readonly openStreams: number;
}

/** The listener with everything that answers on it. */
export async function startApi(options: ApiOptions): Promise<HttpServer> {
  const { clock, random, telemetry, identity, limits, face } = options;
  const admission = createAdmission({ bounds: limits, telemetry });
  const streams = createAdmission({
    bounds: () => ({ concurrentRequests: limits().openStreams, queuedRequests: 0 }),
    telemetry: silent,
  });
  const rest = createApp({
    contract: routes,
    answers: createAnswers({ ...options, isDraining: () => admission.draining }),
    telemetry,
    bodyLimitBytes: () => limits().bodyBytes,
  });
  const serve: Door["serve"] = async (incoming, outgoing, visit) => {
    const target = incoming.url ?? "";
    if (isProtocol(target)) return face.serve(incoming, outgoing, visit);
    if (isDocument(target.split("?", 1)[0]!)) return serveDocument(identity(), incoming, outgoing);
    return rest(incoming, outgoing, visit);
  };
  const open = pathsWhere((route) => route.access === "open");
  const vital = pathsWhere((route) => "vital" in route);
  const access = (path: string) => ({
    open: open.has(path) || isDocument(path),
    anyOrigin: isDocument(path),
    vital: vital.has(path),
    stream: isProtocol(path),
  });
  const door = { clock, random, telemetry, identity, admission, streams };
  const listener = createDoor({ ...door, rule: limits, access, serve });
  const server = await startHttpServer({ ...options, listener, admission });
  return {
    url: server.url,
    drain: (withinMs) => {
      face.close();
      return server.drain(withinMs);
    },
  };
}

/** Its streams are counted by the protocol's own metrics. */
const silent = { gauge: () => undefined };

function isProtocol(target: string): boolean {
  return target === "/mcp" || target.startsWith("/mcp/") || target.startsWith("/mcp?");
}

function pathsWhere(
  holds: (route: (typeof routes)[keyof typeof routes]) => boolean,
): ReadonlySet<string> {
  return new Set(
    Object.values(routes)
      .filter(holds)
      .map(({ path }) => path),
  );
}
