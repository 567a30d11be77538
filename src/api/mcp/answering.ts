import type { ServerResponse } from "node:http";
import { writeEvent } from "../../mcp/write-message.ts";

/** A client that does not read what it is sent is cut here: it would fill our memory. */
const maxUnreadBytes = 8 * 1024 * 1024;

const noHeaders = {};

/**
 * One answer on its way: JSON when the result is all there is to say, a stream of events as soon as
 * something else comes before it.
 */
export class Answering {
  readonly #outgoing: ServerResponse;
  readonly #headers: Readonly<Record<string, string>>;
  #silentFor = 0;
  #isStream = false;
  #isEnded = false;

  constructor(outgoing: ServerResponse, headers: Readonly<Record<string, string>> = {}) {
    this.#outgoing = outgoing;
    this.#headers = headers;
  }

  get isOpen(): boolean {
    return !this.#isEnded && !this.#outgoing.destroyed && !this.#outgoing.writableEnded;
  }

  startStream(): void {
    if (this.#isStream || !this.isOpen) return;
    this.#isStream = true;
    this.#outgoing.writeHead(200, {
      "content-type": "text/event-stream",
      // Proxies would hold events back until there are enough of them.
      "x-accel-buffering": "no",
      ...this.#headers,
    });
    this.#outgoing.flushHeaders();
  }

  /** False when nobody is there to read it. */
  send(message: string): boolean {
    this.startStream();
    if (!this.isOpen) return false;
    this.#outgoing.write(writeEvent(message));
    if (this.#outgoing.writableLength > maxUnreadBytes) this.#outgoing.destroy();
    return this.isOpen;
  }

  /**
   * From time to time. What is not answered by the second time becomes a stream, if the client reads
   * those: proxies and clients take a silent connection for a dead one.
   */
  keepAlive(): void {
    if (!this.isOpen) return;
    if (this.#isStream) this.#outgoing.write(": \n\n");
    else if (++this.#silentFor > 1 && this.#readsStreams) this.startStream();
  }

  get #readsStreams(): boolean {
    return this.#outgoing.req.headers.accept?.includes("text/event-stream") === true;
  }

  /** `headers` go with an answer that is no stream. */
  end(
    message: string | null,
    status = 200,
    headers: Readonly<Record<string, string>> = noHeaders,
  ): void {
    if (!this.isOpen) return;
    this.#isEnded = true;
    if (this.#isStream) {
      this.#outgoing.end(message === null ? undefined : writeEvent(message));
      return;
    }
    if (message === null) {
      this.#outgoing.writeHead(status, { "content-length": 0, ...this.#headers, ...headers });
      this.#outgoing.end();
      return;
    }
    this.#outgoing.writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(message),
      ...this.#headers,
      ...headers,
    });
    // As text: head and body then go out in one write.
    this.#outgoing.end(message);
  }
}
