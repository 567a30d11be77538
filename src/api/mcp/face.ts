import type { IncomingMessage, ServerResponse } from "node:http";
import { metaKeys } from "../../mcp/protocol.ts";
import { isObject, readBody as readMessages, type Body } from "../../mcp/read-message.ts";
import { Fault } from "../../model/index.ts";
import type { GateAnswer } from "../../ports/gate.ts";
import type { HeardLetter } from "../../ports/mailbox.ts";
import type { Visit } from "../door.ts";
import { checkAccept, checkContent } from "../negotiate.ts";
import { readBody } from "../read-body.ts";
import { notAllowed, type Arrival, type Asker, type FaceOptions } from "./arrival.ts";
import { LegacyFace } from "./legacy-face.ts";
import { ModernFace } from "./modern-face.ts";
import { refuseArrival } from "./refuse.ts";

export interface Face {
  serve(incoming: IncomingMessage, outgoing: ServerResponse, visit: Visit): Promise<void>;
  /** A letter to this replica about a call of one of its sessions. */
  hear(letter: HeardLetter): GateAnswer;
  /** Ends streams that would never end by themselves. */
  close(): void;
}

const path = /^\/mcp(?:\/([a-z0-9]+(?:[-_][a-z0-9]+)*))?\/?$/;

/** `/mcp` and `/mcp/<toolset>`: both eras on one path, told apart by what the client sends. */
export function createFace(options: FaceOptions): Face {
  const modern = new ModernFace(options);
  const legacy = new LegacyFace(options);

  async function post(arrival: Arrival): Promise<void> {
    const { incoming } = arrival;
    checkContent(incoming.headers, ["application/json"]);
    checkAccept(incoming.headers.accept, "application/json");
    const bytes = await readBody(incoming, options.limits().bodyBytes);
    arrival.asker.cancel.signal.throwIfAborted();
    const body = readMessages(bytes);
    return isModern(incoming, body) ? modern.post(arrival, body) : legacy.post(arrival, body);
  }

  return {
    async serve(incoming, outgoing, visit) {
      try {
        const arrival = { incoming, outgoing, asker: toAsker(options, incoming, visit) };
        if (incoming.method === "POST") await post(arrival);
        else if (incoming.method === "GET") await legacy.listen(arrival);
        else if (incoming.method === "DELETE") legacy.end(arrival);
        else throw notAllowed();
      } catch (error) {
        refuseArrival(outgoing, error, options.telemetry);
      }
    },
    hear: (letter) => legacy.hear(letter),
    close() {
      modern.close();
      legacy.close();
    },
  };
}

function toAsker(options: FaceOptions, incoming: IncomingMessage, visit: Visit): Asker {
  const [target = ""] = (incoming.url ?? "").split("?", 1);
  const { holder, gone } = visit;
  if (holder === null || holder.principal === null)
    throw new Fault("forbidden", "This key does not call tools.");
  const named = path.exec(target);
  if (named === null) throw new Fault("not_found", "There is no such toolset.");
  const toolset = named[1] ?? "";
  if (holder.toolsets !== null && !holder.toolsets.includes(toolset)) {
    throw new Fault("forbidden", "This key does not use this toolset.");
  }
  if (!options.catalog().toolsets.has(toolset))
    throw new Fault("not_found", "There is no such toolset.");
  return { principal: holder.principal, roles: holder.roles, toolset, cancel: gone };
}

/** A session, or a first message that opens one, is legacy; whatever names a version in it is modern. */
function isModern({ headers }: IncomingMessage, body: Body): boolean {
  if (headers["mcp-session-id"] !== undefined || body.kind === "batch") return false;
  const { message } = body;
  if (message.kind === "answer") return false;
  const meta = message.params["_meta"];
  if (isObject(meta) && meta[metaKeys.version] !== undefined) return true;
  if (message.method === "initialize") return false;
  const named = headers["mcp-protocol-version"];
  if (headers["mcp-method"] !== undefined) return true;
  return typeof named === "string" && named >= firstModern;
}

/** Versions are dates, so they compare as text. */
const firstModern = "2026-01-01";
