import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import { TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** What the listener proves itself with, in PEM. */
export interface ServerTls {
  readonly certificate: string;
  readonly key: string;
  /** Whose client certificates are believed; null: none is asked for. */
  readonly clients: string | null;
}

export type ReadServerTls = () => Promise<ServerTls>;

export interface TlsServerOptions {
  readonly read: ReadServerTls;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface TlsServer {
  readonly server: Server;
  /** No new certificate is looked for. */
  close(): void;
}

/** Files that were rotated are taken up within this time. */
const lookEveryMs = 5_000;

/** Over TLS 1.2 or newer. A certificate that was rotated holds for the next connection. */
export async function createTlsServer(
  { read, clock, telemetry }: TlsServerOptions,
  options: ServerOptions,
  listener: RequestListener,
): Promise<TlsServer> {
  let current = await read();
  const server = createServer({ ...options, ...toContext(current) }, listener);
  const stopping = new AbortController();

  async function look(): Promise<void> {
    const next = await read();
    if (isSame(current, next)) return;
    server.setSecureContext(toContext(next));
    // Connections that were let in under another authority must not stay.
    if (next.clients !== current.clients) server.closeIdleConnections();
    current = next;
    telemetry.log("info", "the listener's certificate was renewed", {});
  }

  async function keepLooking(): Promise<void> {
    for (;;) {
      const isOver = await clock.sleep(lookEveryMs, stopping.signal).then(
        () => false,
        () => true,
      );
      if (isOver) return;
      await look().catch((fault: unknown) => {
        telemetry.log("error", "a new certificate cannot be used; the one before goes on", {
          fault,
        });
      });
    }
  }
  void keepLooking();
  return { server, close: () => stopping.abort() };
}

function toContext({ certificate, key, clients }: ServerTls): ServerOptions {
  try {
    return {
      cert: certificate,
      key,
      minVersion: "TLSv1.2",
      // Whether it was proven is looked at for each request: without one a key may come instead.
      requestCert: clients !== null,
      rejectUnauthorized: false,
      ...(clients === null ? {} : { ca: clients }),
    };
  } catch (cause) {
    throw new Fault("config_invalid", "The listener's certificate or key cannot be read.", {
      cause,
    });
  }
}

function isSame(one: ServerTls, other: ServerTls): boolean {
  return (
    one.certificate === other.certificate && one.key === other.key && one.clients === other.clients
  );
}

interface Proven {
  readonly names: readonly string[];
  readonly untilMs: number;
}
const nobody: Proven = { names: [], untilMs: 0 };
/** Read once a connection. */
const proven = new WeakMap<Socket, Proven>();

/** The names that a client's certificate proves, as `DNS:name` or `URI:…`; none where it proves none. */
export function listProvenNames({ socket }: IncomingMessage, nowMs: number): readonly string[] {
  if (!(socket instanceof TLSSocket)) return nobody.names;
  let known = proven.get(socket);
  if (known === undefined) {
    known = readNames(socket);
    proven.set(socket, known);
  }
  // A connection may outlive the certificate that it was opened with.
  return nowMs < known.untilMs ? known.names : nobody.names;
}

function readNames(socket: TLSSocket): Proven {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return nobody;
  const { subjectAltName = "", validTo } = certificate;
  // Node quotes a name that could be read as more than one; such a name is nobody's.
  const names = subjectAltName.includes('"') ? [] : subjectAltName.split(", ");
  return { names: names.filter((name) => name !== ""), untilMs: Date.parse(validTo) };
}
