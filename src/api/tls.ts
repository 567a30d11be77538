import { X509Certificate } from "node:crypto";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
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
  const removeAuthority = watchAuthority(server);
  const stopping = new AbortController();

  async function look(): Promise<void> {
    const next = await read();
    if (isSame(current, next)) return;
    server.setSecureContext(toContext(next));
    if (isRemoved(current.clients, next.clients)) removeAuthority();
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
  const context = {
    cert: certificate,
    key,
    minVersion: "TLSv1.2",
    ...(clients === null ? {} : { ca: clients }),
  } as const;
  try {
    createSecureContext(context);
    // Node takes a text without certificates for an authority that nobody has.
    if (clients !== null && listAuthorities(clients).length === 0) {
      throw new Error("there is no certificate of an authority");
    }
  } catch (cause) {
    throw new Fault("config_invalid", "The listener's certificate or key cannot be read.", {
      cause,
    });
  }
  // Whether it was proven is looked at for each request: without one a key may come instead.
  return { ...context, requestCert: clients !== null, rejectUnauthorized: false };
}

const certificateShape = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+-----END \1-----/g;

function listAuthorities(pem: string): readonly string[] {
  return (pem.match(certificateShape) ?? []).map(
    (text) => new X509Certificate(text).fingerprint256,
  );
}

/** Whether somebody was believed before who is not now; an authority that joins shuts out nobody. */
function isRemoved(before: string | null, now: string | null): boolean {
  const left = new Set(listAuthorities(now ?? ""));
  return listAuthorities(before ?? "").some((authority) => !left.has(authority));
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

/** Whose certificates a connection was let in under. */
interface Generation {
  isOver: boolean;
}
const generations = new WeakMap<Socket, Generation>();
/** Read once a connection. */
const proven = new WeakMap<Socket, Proven>();

/**
 * Ends what was let in until now: it proves nobody any more, and is closed with its next answer.
 * A connection is known by its address when it arrives, as it is judged by what held just then.
 */
function watchAuthority(server: Server): () => void {
  let current: Generation = { isOver: false };
  const arriving = new Map<string, Generation>();
  server.on("connection", (socket: Socket) => {
    const address = addressOf(socket);
    arriving.set(address, current);
    socket.once("close", () => arriving.delete(address));
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    generations.set(socket, arriving.get(addressOf(socket)) ?? { isOver: true });
  });
  server.prependListener("request", ({ socket }, outgoing) => {
    if (generations.get(socket)?.isOver === true) outgoing.shouldKeepAlive = false;
  });
  return () => {
    current.isOver = true;
    current = { isOver: false };
    server.closeIdleConnections();
  };
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** The names that a client's certificate proves, as `DNS:name` or `URI:…`; none where it proves none. */
export function listProvenNames({ socket }: IncomingMessage, nowMs: number): readonly string[] {
  if (!(socket instanceof TLSSocket) || generations.get(socket)?.isOver !== false) {
    return nobody.names;
  }
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
