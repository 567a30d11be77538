import { readEvents } from "../../mcp/read-events.ts";
import { readReply, type Reply } from "../../mcp/read-reply.ts";
import { Fault } from "../../model/index.ts";
import type { SecretHeaders } from "../../ports/credentials.ts";
import type { Origin, OriginAnswer } from "../../ports/dialer.ts";
import type { Present } from "../../ports/upstream.ts";

export interface Endpoint {
  readonly origin: Origin;
  readonly path: string;
  /** Credentials and what the protocol wants on every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The credential of what belongs to no call. */
  readonly present: Present | null;
  readonly resultBytes: number;
}

export interface Posting {
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly beforeWrite?: () => void;
  /** Of the call; absent: the connection's own. */
  readonly credential?: SecretHeaders | null;
}

/** What came back: a message, a stream of them, nothing (202), or a no without a message. */
export type Posted =
  | { readonly kind: "reply"; readonly status: number; readonly reply: Reply }
  | { readonly kind: "stream"; readonly replies: AsyncIterable<Reply> }
  | { readonly kind: "accepted"; readonly header: OriginAnswer["header"] }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly retryAfter: string | null;
      readonly text: string;
    };

const refusalBytes = 64 * 1024;

interface Told {
  readonly posted: Posted;
  readonly header: OriginAnswer["header"];
}

export function post(endpoint: Endpoint, posting: Posting): Promise<Told> {
  const isOfCall = posting.credential !== undefined && posting.credential !== null;
  return endpoint.present === null || isOfCall
    ? postOnce(endpoint, posting)
    : postPresented(endpoint, posting, endpoint.present);
}

/** A 401 means that nothing was done, so it is sent once more where there is a new credential. */
async function postPresented(
  endpoint: Endpoint,
  posting: Posting,
  present: Present,
): Promise<Told> {
  for (let isSecond = false; ; isSecond = true) {
    const { headers, rejected } = await present();
    const told = await postOnce(endpoint, { ...posting, credential: headers });
    const isRejected = told.posted.kind === "refused" && told.posted.status === unauthorized;
    if (isSecond || !isRejected || !rejected()) return told;
  }
}

export const unauthorized = 401;

async function postOnce(endpoint: Endpoint, posting: Posting): Promise<Told> {
  const answer = await endpoint.origin.request({
    method: "POST",
    path: endpoint.path,
    headers:
      posting.credential === undefined || posting.credential === null
        ? { ...endpoint.headers, ...posting.headers }
        : { ...endpoint.headers, ...posting.headers, ...posting.credential.reveal() },
    body: posting.message,
    signal: posting.signal,
    ...(posting.beforeWrite === undefined ? {} : { beforeWrite: posting.beforeWrite }),
  });
  const header = (name: string): string | null => answer.header(name);
  return { posted: await toPosted(endpoint, answer), header };
}

async function toPosted({ resultBytes }: Endpoint, answer: OriginAnswer): Promise<Posted> {
  const { status } = answer;
  const type = answer.header("content-type") ?? "";
  if (status === 202 || status === 204) {
    answer.discard();
    return { kind: "accepted", header: (name) => answer.header(name) };
  }
  if (status >= 200 && status < 300) {
    if (type.startsWith("text/event-stream"))
      return { kind: "stream", replies: readReplies(answer, resultBytes) };
    return { kind: "reply", status, reply: readReply(await answer.text(resultBytes)) };
  }
  const text = await answer.text(refusalBytes);
  // Whatever words come with a 401, it was about the credential, and nothing was done.
  const isWorded = type.startsWith("application/json") && status !== unauthorized;
  const reply = isWorded ? readErrorReply(text) : null;
  if (reply !== null) return { kind: "reply", status, reply };
  return { kind: "refused", status, retryAfter: answer.header("retry-after"), text };
}

/** A refusal with an error of JSON-RPC in it; null for any other body. */
function readErrorReply(text: string): Reply | null {
  try {
    const reply = readReply(text);
    return reply.kind === "error" ? reply : null;
  } catch {
    return null;
  }
}

async function* readReplies(answer: OriginAnswer, maxBytes: number): AsyncIterable<Reply> {
  for await (const { data } of readEvents(answer.chunks(), maxBytes)) {
    // Servers prime streams with an empty event.
    if (data !== "") yield readReply(data);
  }
}

/** The headers of a request that is no POST and belongs to no call. */
export async function toOwnHeaders({
  headers,
  present,
}: Endpoint): Promise<Readonly<Record<string, string>>> {
  if (present === null) return headers;
  return { ...headers, ...(await present()).headers.reveal() };
}

/** The server has not begun: it refuses the caller, the place, or the shape of the request. */
const undone: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 406, 413, 415]);

/** What a status without a message of the protocol says about a request that changes nothing. */
export function toStatusFault(
  place: string,
  { status, retryAfter }: Extract<Posted, { kind: "refused" }>,
): Fault {
  const details = { status, ...(retryAfter === null ? {} : { retryAfter }) };
  if (status === 401 || status === 403) {
    return new Fault("upstream_unreachable", `${place} refuses our credentials (${status}).`, {
      details,
    });
  }
  if (status === 429 || status === 503)
    return new Fault("upstream_busy", `${place} is busy (${status}).`, { details });
  if (status >= 500) return new Fault("upstream_lost", `${place} failed (${status}).`, { details });
  return new Fault("upstream_unreachable", `${place} does not take this request (${status}).`, {
    details,
  });
}

/** Of a call that may have an effect: only a status that says so proves that nothing was done (I4). */
export function toCallFault(place: string, refused: Extract<Posted, { kind: "refused" }>): Fault {
  const { status, retryAfter } = refused;
  const isBusy = status === 429 || (status === 503 && retryAfter !== null);
  if (isBusy || undone.has(status)) return toStatusFault(place, refused);
  const details = { status, ...(retryAfter === null ? {} : { retryAfter }) };
  const message = `${place} did not say whether the call was carried out (${status}).`;
  return new Fault("upstream_lost", message, { details });
}
