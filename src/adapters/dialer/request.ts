import { Readable } from "node:stream";
import type { Dispatcher, Pool } from "undici";
import { Fault } from "../../model/index.ts";
import type { OriginAnswer, OriginRequest } from "../../ports/dialer.ts";

/**
 * One request over a pool. How far it came decides what its failure is called: until the first byte
 * is written nothing can have happened; afterwards anything can.
 */
export function requestOver(
  pool: Pool,
  request: OriginRequest,
  place: string,
): Promise<OriginAnswer> {
  return new Promise((resolve, reject) => {
    if (request.signal.aborted) return reject(request.signal.reason as Error);
    const exchange = new HttpExchange(request, place, { resolve, reject });
    const { method, path, headers, body } = request;
    try {
      pool.dispatch({ method, path, headers: headers as Record<string, string>, body }, exchange);
    } catch (error) {
      exchange.onResponseError(null, error as Error);
    }
  });
}

interface Settle {
  readonly resolve: (answer: OriginAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** What may be read ahead of whoever reads the stream. */
const readAheadBytes = 256 * 1024;

class HttpExchange implements Dispatcher.DispatchHandler, OriginAnswer {
  readonly #request: OriginRequest;
  readonly #place: string;
  readonly #settle: Settle;
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | null = null;
  #isWritten = false;
  #isEnded = false;
  #error: Error | null = null;
  #headers:
    | Dispatcher.DispatchController["rawHeaders"]
    | Record<string, string | string[] | undefined> = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #maxBytes = Number.POSITIVE_INFINITY;
  #onText: TextSettle | null = null;
  #stream: Readable | null = null;
  status = 0;

  constructor(request: OriginRequest, place: string, settle: Settle) {
    this.#request = request;
    this.#place = place;
    this.#settle = settle;
    this.#onAbort = () => this.#end(request.signal.reason);
    request.signal.addEventListener("abort", this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isEnded) {
      controller.abort(new Error("ended before it was sent"));
      return;
    }
    this.#controller = controller;
    try {
      this.#request.beforeWrite?.();
    } catch (error) {
      this.#end(error);
      return;
    }
    this.#isWritten = true;
  }

  onResponseStart(
    _controller: unknown,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.status = status;
    this.#headers = headers;
    this.#settle.resolve(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#stream !== null) {
      if (!this.#stream.push(chunk)) controller.pause();
      return;
    }
    if (this.#bytes > this.#maxBytes) return this.#end(tooLarge(this.#place, this.#maxBytes));
    this.#chunks.push(chunk);
    if (this.#onText === null && this.#bytes > readAheadBytes) controller.pause();
  }

  onResponseEnd(): void {
    this.#finish();
    this.#stream?.push(null);
    this.#onText?.resolve(this.#take());
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#end(error);
  }

  header(name: string): string | null {
    const value = (this.#headers as Record<string, string | string[] | undefined>)[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  }

  text(maxBytes: number): Promise<string> {
    this.#maxBytes = maxBytes;
    if (this.#bytes > maxBytes) this.#end(tooLarge(this.#place, maxBytes));
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#isEnded) return Promise.resolve(this.#take());
    return new Promise((resolve, reject) => {
      this.#onText = { resolve, reject };
      this.#controller?.resume();
    });
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    if (this.#error !== null) throw this.#error;
    const early = this.#chunks;
    this.#chunks = [];
    if (this.#isEnded) {
      yield* early;
      return;
    }
    const stream = new Readable({
      highWaterMark: readAheadBytes,
      read: () => this.#controller?.resume(),
      destroy: (error, done) => {
        if (!this.#isEnded) this.#end(error ?? new Error("nobody reads it any more"));
        done(null);
      },
    });
    this.#stream = stream;
    for (const chunk of early) stream.push(chunk);
    yield* stream as AsyncIterable<Uint8Array>;
    this.#throwIfFailed();
  }

  /** Asked again after each wait: the field changes meanwhile. */
  #throwIfFailed(): void {
    if (this.#error !== null) throw this.#error;
  }

  discard(): void {
    if (!this.#isEnded) this.#end(new Error("the answer is not wanted"));
  }

  #take(): string {
    const [first] = this.#chunks;
    const text =
      this.#chunks.length === 1
        ? first!.toString("utf8")
        : Buffer.concat(this.#chunks).toString("utf8");
    this.#chunks = [];
    return text;
  }

  #finish(): void {
    this.#isEnded = true;
    this.#request.signal.removeEventListener("abort", this.#onAbort);
  }

  /** Ends with an error, once; what is still open of the connection is cut. */
  #end(cause: unknown): void {
    if (this.#isEnded) return;
    this.#finish();
    this.#error = this.#toFault(cause);
    this.#chunks = [];
    this.#settle.reject(this.#error);
    this.#onText?.reject(this.#error);
    if (this.#controller?.aborted === false) this.#controller.abort(new Error("ended"));
    this.#stream?.destroy(this.#error);
  }

  #toFault(cause: unknown): Error {
    if (cause instanceof Fault || cause === this.#request.signal.reason) return cause as Error;
    const why =
      cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : "unknown";
    if (typeof why === "string" && why.startsWith("HPE_")) {
      return new Fault("upstream_garbled", `${this.#place} does not speak HTTP.`, { cause });
    }
    return this.#isWritten
      ? new Fault(
          "upstream_lost",
          `The connection to ${this.#place} ended before the answer was whole (${why}).`,
          { cause },
        )
      : new Fault("upstream_unreachable", `${this.#place} cannot be reached (${why}).`, { cause });
  }
}

interface TextSettle {
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

function tooLarge(place: string, maxBytes: number): Fault {
  return new Fault("upstream_garbled", `The answer of ${place} is larger than ${maxBytes} bytes.`);
}
