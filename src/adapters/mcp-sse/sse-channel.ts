import { readEvents } from "../../mcp/read-events.ts";
import type { Channel, Sent } from "../../mcp/channel.ts";
import { untilAborted } from "../../lib/until-aborted.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Origin, OriginAnswer, OriginRequest } from "../../ports/dialer.ts";
import type { Present, Presented } from "../../ports/upstream.ts";

export interface SseChannelOptions {
  readonly origin: Origin;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly present: Present | null;
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly onMessage: (message: string) => void;
  /** The stream is over: every call on it is lost. */
  readonly onEnd: (reason: string) => void;
}

/** What may wait to be posted; each message is a request of its own, and none waits for another's answer. */
const maxWaiting = 10_000;
/** A server that takes no message in this time takes none. */
const postMs = 30_000;

interface Letter {
  readonly path: string;
  readonly body: string;
  readonly sent: Sent | undefined;
  isWritten: boolean;
}

interface Asking extends Omit<OriginRequest, "signal"> {
  readonly signal?: AbortSignal;
  /** A 401 means that nothing was done. */
  readonly onRefused?: () => void;
}

/** HTTP+SSE: messages come on one stream, and go by POST to the place that its first event names. */
export class SseChannel implements Channel {
  readonly sandbox = null;
  readonly #options: SseChannelOptions;
  readonly #closed = new AbortController();
  #path: string | null = null;
  #waiting = 0;

  constructor(options: SseChannelOptions) {
    this.#options = options;
  }

  /** Resolves when the server has named the place for messages. */
  async open(signal: AbortSignal): Promise<void> {
    // A server that takes the connection and says nothing must not hold it for ever.
    const giveUp = (): void => this.#closed.abort(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await this.#opened(signal);
    } finally {
      // Once it is open, it outlives whoever waited for it.
      signal.removeEventListener("abort", giveUp);
    }
  }

  async #opened(signal: AbortSignal): Promise<void> {
    const { url } = this.#options;
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

  write(message: string, sent?: Sent): Promise<void> {
    if (this.#path === null || this.#closed.signal.aborted) {
      throw new Fault("upstream_unreachable", "The stream of the server is closed.");
    }
    if (this.#waiting >= maxWaiting)
      throw new Fault("upstream_busy", "The server does not take what it is sent.");
    this.#waiting += 1;
    const letter = { path: this.#path, body: message, sent, isWritten: false };
    return this.#post(letter).finally(() => (this.#waiting -= 1));
  }

  async #post(letter: Letter): Promise<void> {
    const { sent } = letter;
    const late = new AbortController();
    const done = new AbortController();
    const signals = [this.#closed.signal, late.signal];
    if (sent !== undefined) signals.push(sent.signal);
    void this.#limit(letter, late, done.signal);
    try {
      const status = await this.#deliver(letter, AbortSignal.any(signals));
      if (status >= 300) this.kill(`refused a message (${status})`);
    } catch (error) {
      this.#onFailed(letter, error as Error);
    } finally {
      done.abort();
    }
  }

  async #deliver(letter: Letter, signal: AbortSignal): Promise<number> {
    const { path, body, sent } = letter;
    const posted = await this.#request({
      method: "POST",
      path,
      body,
      headers: { "content-type": "application/json" },
      signal,
      beforeWrite: () => {
        sent?.beforeWrite();
        letter.isWritten = true;
      },
      onRefused: () => (letter.isWritten = false),
    });
    await posted.text(postBytes);
    return posted.status;
  }

  /** Some servers hold the answer to a POST back until the call is done: the call's own deadline rules. */
  async #limit({ sent }: Letter, late: AbortController, done: AbortSignal): Promise<void> {
    try {
      do await this.#options.clock.sleep(postMs, done);
      while (sent?.isUnderWay() === true);
      late.abort(new Fault("upstream_lost", "The server did not take a message in time."));
    } catch {
      // It was taken.
    }
  }

  /** What was not written ends its call alone; a message that was may be half way, and so is the stream. */
  #onFailed({ sent, isWritten }: Letter, error: Error): void {
    if (sent !== undefined && !isWritten) sent.onUnsent(toUnsent(error));
    // Whoever waited for it does not any more, so nothing hangs on it.
    if (sent?.isUnderWay() === false && isWritten) return;
    const isGone = error instanceof Fault && error.code === "upstream_unreachable";
    if (sent === undefined || isWritten || isGone) this.kill(error.message);
  }

  /** What was refused is sent once more where there is a new credential. */
  async #request({ onRefused, ...request }: Asking): Promise<OriginAnswer> {
    const { origin, headers, present } = this.#options;
    const { signal = this.#closed.signal } = request;
    for (let isSecond = false; ; isSecond = true) {
      const presented = present === null ? null : await untilAborted(toPromise(present), signal);
      const answer = await origin.request({
        ...request,
        headers: { ...headers, ...request.headers, ...presented?.headers.reveal() },
        signal,
      });
      if (isSecond || answer.status !== 401 || presented?.rejected() !== true) return answer;
      onRefused?.();
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

async function toPromise(present: Present): Promise<Presented> {
  return present();
}

/** The stream was lost, and what waited to be posted was not. */
function toUnsent(error: Error): Error {
  const isLost = error instanceof Fault && error.code === "upstream_lost";
  return isLost ? new Fault("upstream_unreachable", error.message, { cause: error }) : error;
}

const postBytes = 64 * 1024;
