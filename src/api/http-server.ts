import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Fault, toUuidV7 } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Admission } from "./admission.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { toRawRefusal } from "./refusal.ts";
import { createTlsServer, type ReadServerTls } from "./tls.ts";

export interface HttpServer {
  readonly url: string;
  /** Refuses what comes, waits for what is under way up to the bound, then cuts it. */
  readonly drain: (withinMs: number) => Promise<"drained" | "cut">;
}

export interface HttpServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly listener: RequestListener;
  readonly admission: Pick<Admission, "drain" | "whenIdle">;
  readonly clock: Clock;
  readonly random: Random;
  readonly headerBytes: number;
  readonly timeouts?: Timeouts;
  /** Absent: plain HTTP. */
  readonly tls?: ReadServerTls;
  readonly telemetry: Telemetry;
}

export interface Timeouts {
  /** Whole header block; a client that drips is cut. */
  readonly headersMs: number;
  /** Whole request, body included. */
  readonly requestMs: number;
  readonly keepAliveMs: number;
  readonly checkEveryMs: number;
}

// A header block fits in one packet and a body of the largest size takes seconds on a bad line.
// Keep-alive outlasts the 60 s of common proxies, so that it is them who close.
const defaults: Timeouts = {
  headersMs: 10_000,
  requestMs: 60_000,
  keepAliveMs: 65_000,
  checkEveryMs: 1_000,
};
/** Beside the requests that are admitted and queued, idle connections cost memory alone. */
const maxConnections = 10_000;
const maxHeaders = 100;
const refusalsWithinMs = 500;

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const timeouts = options.timeouts ?? defaults;
  const settings = {
    maxHeaderSize: options.headerBytes,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: timeouts.checkEveryMs,
    // The door says the same in the form of every other refusal.
    requireHostHeader: false,
  };
  const { tls, clock, telemetry, listener } = options;
  const secured =
    tls === undefined
      ? null
      : await createTlsServer({ read: tls, clock, telemetry }, settings, listener);
  const server = secured?.server ?? createServer(settings, listener);
  server.maxConnections = maxConnections;
  server.maxHeadersCount = maxHeaders;
  answerUnreadable(server, options);
  await listen(server, options.listen);
  return {
    url: toUrl(secured === null ? "http" : "https", server.address() as AddressInfo),
    async drain(withinMs) {
      const { admission } = options;
      secured?.close();
      admission.drain();
      const bounded = new AbortController();
      const late = clock.sleep(withinMs, bounded.signal).then(
        () => "cut" as const,
        () => "cut" as const,
      );
      const outcome = await Promise.race([
        admission.whenIdle().then(() => "drained" as const),
        late,
      ]);
      bounded.abort();
      await close(server, clock, outcome === "drained" ? refusalsWithinMs : 0);
      return outcome;
    },
  };
}

/** Stops listening. Refusals may still be on their way to whoever was turned away last. */
async function close(server: Server, clock: Clock, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const done = new AbortController();
  clock.sleep(graceMs, done.signal).then(
    () => server.closeAllConnections(),
    () => undefined,
  );
  await closed;
  done.abort();
}

/** What never becomes a request is answered in the same words as what is refused later. */
function answerUnreadable(server: Server, { clock, random }: HttpServerOptions): void {
  const answering = new WeakSet<object>();
  server.on("request", (incoming, outgoing) => {
    answering.add(incoming.socket);
    outgoing.once("close", () => answering.delete(incoming.socket));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // Behind a request that is not answered yet, ours would be taken for its answer.
    const isTaken = answering.has(socket) && error.code !== "ERR_HTTP_REQUEST_TIMEOUT";
    if (error.code === "ECONNRESET" || isTaken || !socket.writable) {
      socket.destroy();
      return;
    }
    const id = toUuidV7(clock.nowMs(), random.bytes(10));
    socket.end(toRawRefusal(toFault(error.code), id), () => socket.destroy());
  });
}

function toFault(code: string | undefined): Fault {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new Fault("headers_too_large", "The header block is larger than the limit.");
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new Fault("request_timeout", "The request did not arrive in time.");
  }
  return new Fault("request_invalid", "This is not an HTTP request.");
}

async function listen(server: Server, address: HttpServerOptions["listen"]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const place = `${address.host}:${address.port}`;
      const why =
        cause.code === "EADDRINUSE"
          ? "is used by another program"
          : `cannot be used (${cause.code})`;
      reject(new Fault("address_unusable", `${place} ${why}.`, { cause, details: { ...address } }));
    });
    server.listen({ host: address.host, port: address.port }, resolve);
  });
}

/** Where a program on this machine reaches it: a wildcard is no address to call. */
function toUrl(scheme: string, { address, family, port }: AddressInfo): string {
  if (family !== "IPv6")
    return `${scheme}://${address === "0.0.0.0" ? "127.0.0.1" : address}:${port}`;
  return `${scheme}://[${address === "::" ? "::1" : address}]:${port}`;
}
