import type { Duplex } from "node:stream";
import type { Digest } from "../model/index.ts";
import type { EgressRule } from "../model/sandbox.ts";
import type { SecretValue } from "./secrets.ts";

/**
 * The one way out of sandboxes. A program has a proxy on its loopback and no other network; what it asks
 * that proxy for is judged here, each connection by itself.
 */
export interface EgressGate {
  /** For one sandbox. */
  open(options: EgressOptions): Egress;
}

export interface EgressOptions {
  readonly rules: readonly EgressRule[];
  /** Whether names of the rules may stand for private or loopback addresses. Link-local and metadata addresses never. */
  readonly private: boolean;
  readonly limits: EgressLimits;
  /** Where there are any, TLS to their places ends at the gate; all other TLS is passed on unread. */
  readonly credentials: readonly BoundCredential[];
  /** Called once for each attempt, when it has ended. Must not throw. */
  readonly onAttempt: (attempt: EgressAttempt) => void;
}

/** A secret for one place, of which the program holds a placeholder. */
export interface BoundCredential {
  /** For the log. */
  readonly name: string;
  /** Name and port of a rule with TLS, as that writes it: `api.example.com:443`. */
  readonly place: string;
  readonly placeholder: string;
  readonly secret: SecretValue;
}

export interface Egress {
  /** What the program has to trust (PEM), as the gate speaks for the places of credentials; null: nobody. */
  readonly authority: string | null;
  /**
   * Takes a connection that the program made to its proxy. It should be able to stay half open: a program
   * that has said all may wait for its answer. Never throws.
   */
  accept(socket: Duplex): void;
  /** Cuts what is open, and resolves once every attempt is told. */
  close(): Promise<void>;
  log(): EgressLog;
}

export interface EgressLimits {
  /** Open at once. */
  readonly connections: number;
  /** Begun in a minute; more are closed unread. */
  readonly connectionsPerMinute: number;
  /** Of a request's head, or of a first flight of TLS. */
  readonly headBytes: number;
  readonly headMs: number;
  /** To resolve and to connect. */
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  readonly totalMs: number;
  /** Of one connection, from the program. */
  readonly upBytes: number;
  readonly downBytes: number;
}

export const defaultEgressLimits: EgressLimits = {
  connections: 32,
  connectionsPerMinute: 600,
  // What Node's own server takes.
  headBytes: 16_384,
  headMs: 10_000,
  connectMs: 10_000,
  // A model may think for minutes before its first byte.
  idleMs: 300_000,
  totalMs: 3_600_000,
  upBytes: 256 * 1024 * 1024,
  downBytes: 1024 * 1024 * 1024,
};

/** What a program tried to reach, and what came of it. */
export interface EgressAttempt {
  readonly atMs: number;
  /** In canonical spelling; null: nothing that can be read was asked for. */
  readonly host: string | null;
  readonly port: number | null;
  /** How the proxy was asked; null: it was not. */
  readonly protocol: "connect" | "http" | "socks5" | null;
  /** Of what was read: plain HTTP, and requests to places with credentials. */
  readonly method: string | null;
  /** Names of the credentials that went out with it. */
  readonly credentials: readonly string[];
  /** Allowed: some byte of the program may have gone out. */
  readonly verdict: "allowed" | "refused";
  /** Why it was refused, or how it ended, in a few plain words. */
  readonly reason: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly ms: number;
}

/** For the receipt. */
export interface EgressLog {
  /** Of which each was told. */
  readonly attempts: number;
  readonly refused: number;
  /** Connections that were closed unread, as too many were made in a minute. */
  readonly dropped: number;
  /** Of each attempt together with the digest before it, in the order in which they ended. */
  readonly digest: Digest;
}
