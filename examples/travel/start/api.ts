import { EventSourceParserStream } from "eventsource-parser/stream";
import { Stopped } from "./stopped.ts";

export interface Api {
  get(place: string): Promise<unknown>;
  post(place: string, body: object): Promise<unknown>;
  /** Server-sent events, until the server ends them. */
  stream(
    place: string,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly event: string; readonly id: string; readonly data: string }>;
}

interface Refusal {
  readonly error?: { readonly message: string };
}

const answerWithinMs = 30_000;

/** The product's HTTP interface, with a key. */
export function createApi(url: string, key: string): Api {
  const headers = { authorization: `Bearer ${key}` };
  async function ask(place: string, init: RequestInit): Promise<Response> {
    const answer = await fetch(new URL(place, url), init);
    if (answer.ok) return answer;
    const { error } = (await answer.json().catch(() => ({}))) as Refusal;
    throw new Stopped(`${init.method ?? "GET"} ${place}: ${error?.message ?? answer.status}`);
  }
  return {
    get: async (place) =>
      (await ask(place, { headers, signal: AbortSignal.timeout(answerWithinMs) })).json(),
    post: async (place, body) => {
      const signal = AbortSignal.timeout(answerWithinMs);
      const json = { ...headers, "content-type": "application/json" };
      const init = { method: "POST", headers: json, signal, body: JSON.stringify(body) };
      return (await ask(place, init)).json();
    },
    async *stream(place, signal) {
      const asked = { headers: { ...headers, accept: "text/event-stream" }, signal };
      const { body } = await ask(place, asked);
      if (body === null) return;
      const events = body
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream());
      for await (const { event = "message", id = "", data } of events) yield { event, id, data };
    },
  };
}
