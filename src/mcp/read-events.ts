import { createParser } from "eventsource-parser";
import { Fault } from "../model/fault.ts";

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** Where a stream can be taken up again; null where it says nothing of that. */
  readonly id: string | null;
}

/** Server-sent events as they come, cut anywhere. One larger than `maxBytes` ends the stream. */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncIterable<ServerEvent> {
  const decoder = new TextDecoder();
  const ready: ServerEvent[] = [];
  let unread = 0;
  const parser = createParser({
    onEvent: ({ event = "message", data, id = null }) => {
      unread = 0;
      ready.push({ event, data, id });
    },
  });
  for await (const chunk of chunks) {
    unread += chunk.length;
    if (unread > maxBytes)
      throw new Fault("upstream_garbled", `An event is larger than ${maxBytes} bytes.`);
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* ready.splice(0);
  }
}
