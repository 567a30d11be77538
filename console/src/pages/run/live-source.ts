import { createReadStream } from "../../../../src/client/read-stream.ts";
import { Fault } from "../../../../src/model/fault.ts";
import type { Session } from "../../shell/session.ts";
import type { RunSource, ShownEvent } from "./run-source.ts";

/** Of one page, as many as the server gives. */
const eventsAtOnce = 500;

/** A run as the server has it now. */
export function createLiveSource({ client, connect }: Session, id: string): RunSource {
  const readStream = connect(createReadStream);
  return {
    id,
    isLive: true,
    readRun: async () => (await client.getRun({ id })).body,
    readTrace: async () => (await client.getRunTrace({ id })).body,
    readEvents: async (after) =>
      (await client.listRunEvents({ id, after, limit: eventsAtOnce })).body,
    async *followEvents(after, signal) {
      const path = `/v1/runs/${encodeURIComponent(id)}/events`;
      for await (const { id: seq, event, data } of readStream({
        path,
        after: String(after),
        signal,
      })) {
        if (event === "end") return;
        yield { seq: Number(seq), event: JSON.parse(data) as ShownEvent["event"] };
      }
    },
    readInstructions: (digest) =>
      orGone(async () => (await client.getBundle({ digest })).body.bundle.instructions),
    readContent: (digest) =>
      orGone(async () => (await client.getRunContent({ id, digest })).body.text),
    readContext: (step) => orGone(async () => (await client.getRunContext({ id, step })).body),
    readExplanation: async () => (await client.getRunExplanation({ id })).body,
  };
}

async function orGone<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return null;
    throw error;
  }
}
