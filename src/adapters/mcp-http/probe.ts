import {
  fromDiscover,
  fromInitialize,
  initializeParams,
  isModernError,
  type ServerFacts,
} from "../../mcp/server-facts.ts";
import { modernVersion } from "../../mcp/protocol.ts";
import type { Reply } from "../../mcp/read-reply.ts";
import { writeNotification, writeRequest } from "../../mcp/write-message.ts";
import { Fault } from "../../model/index.ts";
import { post, toStatusFault, type Endpoint, type Posted } from "./post.ts";

export interface Opened {
  readonly facts: ServerFacts;
  /** Null for a modern server, and for a legacy one that keeps no session. */
  readonly session: string | null;
}

export interface ProbeOptions {
  readonly endpoint: Endpoint;
  readonly place: string;
  readonly version: string;
  readonly metaText: string;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
}

/** What the server speaks: a modern question first; a server that does not understand it is legacy. */
export async function probe(options: ProbeOptions): Promise<Opened> {
  return (await discover(options)) ?? initialize(options);
}

async function discover({
  endpoint,
  place,
  metaText,
  redact,
  signal,
}: ProbeOptions): Promise<Opened | null> {
  const headers = { "mcp-protocol-version": modernVersion, "mcp-method": "server/discover" };
  const message = writeRequest({ id: 0, method: "server/discover", members: "", meta: metaText });
  const { posted } = await post(endpoint, { message, headers, signal });
  if (posted.kind === "refused" && !isLegacySign(posted.status)) throw toStatusFault(place, posted);
  const reply = await firstReply(posted);
  if (reply?.kind === "result") {
    const facts = fromDiscover(reply.value);
    return facts === null ? null : { facts, session: null };
  }
  if (reply?.kind === "error" && isModernError(reply.error.code)) {
    throw new Fault(
      "upstream_unreachable",
      `${place} speaks no version of ours: ${redact(reply.error.message).slice(0, 200)}`,
    );
  }
  return null;
}

/** A legacy server refuses the question in many ways; none of them is one of these. */
function isLegacySign(status: number): boolean {
  return status !== 401 && status !== 403 && status !== 429 && status < 500;
}

async function initialize({ endpoint, place, version, signal }: ProbeOptions): Promise<Opened> {
  const members = JSON.stringify(initializeParams(version)).slice(1, -1);
  const message = writeRequest({ id: 0, method: "initialize", members, meta: null });
  const { posted, header } = await post(endpoint, { message, headers: {}, signal });
  if (posted.kind === "refused") {
    const isOld = posted.status === 404 || posted.status === 405;
    if (!isOld) throw toStatusFault(place, posted);
    throw new Fault(
      "upstream_unreachable",
      `${place} takes no POST (${posted.status}). An older server may need transport: sse.`,
    );
  }
  const reply = await firstReply(posted);
  const facts = reply?.kind === "result" ? fromInitialize(reply.value) : null;
  if (facts === null) throw new Fault("upstream_garbled", `${place} did not answer initialize.`);
  const session = header("mcp-session-id");
  await post(endpoint, {
    message: writeNotification("notifications/initialized", {}),
    headers: sessionHeaders(facts.version, session),
    signal,
  }).then(({ posted: told }) => drop(told));
  return { facts, session };
}

/** The header of the version came with 2025-06-18; servers before it ignore it. */
export function sessionHeaders(
  version: string,
  session: string | null,
): Readonly<Record<string, string>> {
  return {
    "mcp-protocol-version": version,
    ...(session === null ? {} : { "mcp-session-id": session }),
  };
}

async function firstReply(posted: Posted): Promise<Reply | null> {
  if (posted.kind === "reply") return posted.reply;
  if (posted.kind !== "stream") return null;
  for await (const reply of posted.replies) {
    if (reply.kind === "result" || reply.kind === "error") return reply;
  }
  return null;
}

async function drop(posted: Posted): Promise<void> {
  if (posted.kind === "stream") for await (const _ of posted.replies) break;
}
