import type { IncomingMessage, ServerResponse } from "node:http";
import { Fault, type Principal } from "../../model/index.ts";
import type { Bus } from "../../ports/bus.ts";
import type { Catalog } from "../../ports/catalog.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Gate } from "../../ports/gate.ts";
import type { Mailbox } from "../../ports/mailbox.ts";
import type { Random } from "../../ports/random.ts";
import type { Sealer } from "../../ports/sealer.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Watch } from "../../ports/watch.ts";

export interface FaceOptions {
  readonly gate: Gate;
  readonly watch: Watch;
  readonly catalog: () => Catalog;
  readonly sealer: Sealer;
  /** Of this replica: where answers to what it asked are sent. */
  readonly owner: string;
  readonly mailbox: Pick<Mailbox, "send">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly version: string;
  readonly limits: () => FaceLimits;
}

export interface FaceLimits {
  readonly bodyBytes: number;
  /** The longest that any call may take. */
  readonly callMs: number;
}

/** Who asks, and for which toolset. */
export interface Asker {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly toolset: string;
  /** Aborted when the client has left before its answer was whole. */
  readonly cancel: AbortController;
}

export interface Arrival {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly asker: Asker;
}

export function notAllowed(): Fault {
  return new Fault("method_not_allowed", "This path takes POST, and of sessions GET and DELETE.", {
    details: { allow: ["POST"] },
  });
}
