import { readEvents, type ServerEvent } from "../mcp/read-events.ts";
import { parseBody, toFault, toSilence, type SendOptions } from "./send.ts";

/**
 * One stream of events, from after what is named to wherever it ends. A refusal is the Fault that the
 * server threw; a connection that breaks is `unreachable`.
 */
export type ReadStream = (asked: StreamAsked) => AsyncIterable<ServerEvent>;

export interface StreamAsked {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The id of the last event that came; null: from the beginning. */
  readonly after: string | null;
  /** Gives the stream up. */
  readonly signal: AbortSignal;
}

/** The text of one event is at most 256 KiB; JSON and UTF-8 make it longer. */
const maxEventBytes = 4 * 1024 * 1024;
/** A refusal is short. */
const maxRefusalBytes = 1024 * 1024;

export function createReadStream({ url, key, fetch }: SendOptions): ReadStream {
  return async function* ({ path, query = {}, after, signal }) {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (key !== null) headers["authorization"] = `Bearer ${key}`;
    if (after !== null) headers["last-event-id"] = after;
    const target = new URL(path, url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    const init = { method: "GET", headers, redirect: "error", signal } as const;
    const response = await fetch(target, init).catch((cause: unknown) => {
      throw toSilence(url, cause);
    });
    const type = response.headers.get("content-type") ?? "";
    const chunks = (response.body ?? []) as AsyncIterable<Uint8Array>;
    if (response.status !== 200 || !type.startsWith("text/event-stream"))
      throw toFault(response.status, parseBody(response, await readText(chunks)));
    try {
      yield* readEvents(chunks, maxEventBytes);
    } catch (cause) {
      throw toSilence(url, cause);
    }
  };
}

async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxRefusalBytes) break;
  }
  return text;
}
