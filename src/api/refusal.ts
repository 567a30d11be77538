import type { ServerResponse } from "node:http";
import type { z } from "zod";
import { Fault, faults } from "../model/index.ts";
import type { schemas } from "./schemas.ts";

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: z.output<typeof schemas.Refusal>;
}

/** Long enough that a herd of clients spreads, short enough that a person does not notice. */
const retryAfterSeconds = 1;

/** The one place where a no becomes an answer. A bug says nothing of itself but the request's id. */
export function toRefusal(error: unknown, request: string): Refusal {
  const fault = error instanceof Fault ? error : new Fault("internal", "Something is broken here.");
  const entry = faults[fault.code];
  return {
    status: entry.status,
    headers: {
      "content-type": "application/json",
      ...(entry.retryable ? { "retry-after": String(retryAfterSeconds) } : {}),
      ...toChallengeHeader(fault),
      // Whoever is refused by a replica that goes away must find another one; of whoever was too slow,
      // the rest is not waited for.
      ...(fault.code === "draining" || fault.code === "request_timeout"
        ? { connection: "close" }
        : {}),
      ...(Array.isArray(fault.details["allow"])
        ? { allow: fault.details["allow"].join(", ") }
        : {}),
    },
    body: {
      error: {
        code: fault.code,
        message: fault.message,
        hint: entry.hint,
        details: fault.details,
        docs: `docs/faults.md#${fault.code}`,
        request,
      },
    },
  };
}

/** What names where tokens come from is made where it is known which resource was asked for. */
function toChallengeHeader({ code, details }: Fault): Readonly<Record<string, string>> {
  const { challenge } = details;
  if (typeof challenge === "string") return { "www-authenticate": challenge };
  return code === "unauthenticated" ? { "www-authenticate": "Bearer" } : {};
}

/** A no in whichever form. */
export interface Rendered extends Pick<Refusal, "status" | "headers"> {
  readonly body: object;
}

/** Answers on a response that nothing has been written to; on any other the connection is cut. */
export function sendRefusal(outgoing: ServerResponse, refusal: Rendered): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const body = JSON.stringify(refusal.body);
  const { req: incoming } = outgoing;
  // A body that is still to come would be read to its end, however long it is.
  if (!incoming.complete) outgoing.shouldKeepAlive = false;
  outgoing.writeHead(refusal.status, {
    ...refusal.headers,
    "content-length": Buffer.byteLength(body),
  });
  outgoing.end(body);
}

/** For a connection whose request could not even be read: the whole answer as text. */
export function toRawRefusal(error: Fault, request: string): string {
  const refusal = toRefusal(error, request);
  const body = JSON.stringify(refusal.body);
  const headers = {
    ...refusal.headers,
    connection: "close",
    "content-length": Buffer.byteLength(body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} Refused\r\n${lines.join("")}\r\n${body}`;
}
