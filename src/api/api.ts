import type { Keyring } from "../authority/keyring.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createAdmission, type AdmissionBounds } from "./admission.ts";
import { createAnswers, type AnswersOptions } from "./answers.ts";
import { createApp } from "./app.ts";
import { createDoor, type DoorRule } from "./door.ts";
import {
  startHttpServer,
  type HttpServer,
  type HttpServerOptions,
  type Timeouts,
} from "./http-server.ts";
import { routes } from "./routes.ts";

export interface ApiOptions extends Omit<AnswersOptions, "isDraining"> {
  readonly listen: HttpServerOptions["listen"];
  readonly headerBytes: number;
  readonly timeouts?: Timeouts;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly keyring: Keyring;
  /** Of the revision that is serving; asked once a request. */
  readonly limits: () => ApiLimits;
}

export interface ApiLimits extends AdmissionBounds, DoorRule {
  readonly bodyBytes: number;
}

/** The listener with everything that answers on it. */
export async function startApi(options: ApiOptions): Promise<HttpServer> {
  const { clock, random, telemetry, keyring, limits } = options;
  const admission = createAdmission({ bounds: limits, telemetry });
  const serve = createApp({
    contract: routes,
    answers: createAnswers({ ...options, isDraining: () => admission.draining }),
    telemetry,
    bodyLimitBytes: () => limits().bodyBytes,
  });
  const open = pathsWhere((route) => route.access === "open");
  const vital = pathsWhere((route) => "vital" in route);
  const access = (path: string) => ({ open: open.has(path), vital: vital.has(path) });
  const door = { clock, random, telemetry, keyring, admission, rule: limits, access, serve };
  return startHttpServer({ ...options, listener: createDoor(door), admission });
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
