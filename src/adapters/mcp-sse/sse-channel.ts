import { readEvents } from "../../mcp/read-events.ts";
import type { Channel } from "../../mcp/channel-upstream.ts";
import { Fault } from "../../model/index.ts";
import type { Origin, OriginAnswer, OriginRequest } from "../../ports/dialer.ts";
import type { Present } from "../../ports/upstream.ts";

export interface SseChannelOptions {
  readonly origin: Origin;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly present: Present | null;
  readonly maxBytes: number;
  readonly onMessage: (message: string) => void;
  /** The stream is over: every call on it is lost. */
  readonly onEnd: (reason: string) => void;
}

/** What may wait to be posted; each message is a request of its own, sent in order. */
const maxWaiting = 10_000;

/** HTTP+SSE: messages come on one stream, and go by POST to the place that its first event names. */
export class SseChannel implements Channel {
  readonly #options: SseChannelOptions;
  readonly #closed = new AbortController();
  #path: string | null = null;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: SseChannelOptions) {
    this.#options = options;
  }

  /** Resolves when the server has named the place for messages. */
  async open(signal: AbortSignal): Promise<void> {
    const { url } = this.#options;
    // A server that takes the connection and says nothing must not hold it for ever.
    const giveUp = (): void => this.#closed.abort(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    const answer = await this.#request({
      method: "GET",
      path: `${url.pathname}${url.search}`,
      headers: { accept: "text/event-stream" },
      body: null,
    });
    if (
      answer.status !== 200 ||
      !(answer.header("content-type") ?? "").startsWith("text/event-stream")
    ) {
      answer.discard();
      throw new Fault(
        "upstream_unreachable",
        `${url.host} opens no stream of events (${answer.status}).`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      this.#read(answer.chunks(), resolve).then(
        () => this.#end("ended its stream", reject),
        (error: unknown) =>
          this.#end(error instanceof Error ? error.message : "broke its stream", reject),
      );
    });
  }

  #end(reason: string, reject: (error: Error) => void): void {
    reject(new Fault("upstream_unreachable", `The server ${reason} before it was ready.`));
    this.#closed.abort(new Fault("upstream_lost", `The server ${reason}.`));
    this.#options.onEnd(reason);
  }

  async #read(chunks: AsyncIterable<Uint8Array>, onReady: () => void): Promise<void> {
    for await (const { event, data } of readEvents(chunks, this.#options.maxBytes)) {
      if (event === "endpoint") {
        this.#path = this.#toPath(data);
        onReady();
      } else if (data !== "") this.#options.onMessage(data);
    }
  }

  /** Another origin would be a place that nobody configured. */
  #toPath(text: string): string {
    const { url } = this.#options;
    const named = URL.parse(text, url.href);
    if (named === null || named.origin !== url.origin) {
      throw new Fault("address_refused", "named a place of another origin for messages");
    }
    return `${named.pathname}${named.search}`;
  }

  write(message: string): void {
    if (this.#path === null || this.#closed.signal.aborted) {
      throw new Fault("upstream_unreachable", "The stream of the server is closed.");
    }
    if (this.#waiting >= maxWaiting)
      throw new Fault("upstream_busy", "The server does not take what it is sent.");
    this.#waiting += 1;
    const path = this.#path;
    this.#last = this.#last
      .then(() => this.#post(path, message))
      .finally(() => (this.#waiting -= 1));
  }

  async #post(path: string, body: string): Promise<void> {
    try {
      const headers = { "content-type": "application/json" };
      const posted = await this.#request({ method: "POST", path, body, headers });
      await posted.text(postBytes);
      if (posted.status >= 400) this.kill(`refused a message (${posted.status})`);
    } catch (error) {
      this.kill(error instanceof Error ? error.message : "took no message");
    }
  }

  /** A 401 means that nothing was done, so it is sent once more where there is a new credential. */
  async #request(request: Omit<OriginRequest, "signal">): Promise<OriginAnswer> {
    const { origin, headers, present } = this.#options;
    const { signal } = this.#closed;
    for (let isSecond = false; ; isSecond = true) {
      const presented = present === null ? null : await present();
      const answer = await origin.request({
        ...request,
        headers: { ...headers, ...request.headers, ...presented?.headers.reveal() },
        signal,
      });
      if (isSecond || answer.status !== 401 || presented?.rejected() !== true) return answer;
      answer.discard();
    }
  }

  kill(reason: string): void {
    this.#closed.abort(new Fault("upstream_lost", `The server ${reason}.`));
  }

  async close(): Promise<void> {
    this.kill("was left");
    await this.#options.origin.close();
  }
}

const postBytes = 64 * 1024;
