/**
 * The one way out to an address: resolved once, every address checked, the checked one dialled, and
 * no redirect followed. What may be private is said by configuration; what was found elsewhere must
 * be public and https.
 */
export interface Dialer {
  /** A pool of connections to one origin. Opens nothing yet; throws `address_refused` early where it can. */
  open(origin: DialTarget): Origin;
}

export interface DialTarget {
  readonly url: string;
  /** Whether a private or loopback address is allowed. Link-local and metadata addresses never are. */
  readonly private: boolean;
  readonly tls: DialTls | null;
  /** Connections at most; more requests wait for one. */
  readonly connections: number;
}

/** Read again for each new connection, so that rotated files are taken without a restart. */
export type DialTls = () => Promise<{
  readonly certificate: string | null;
  readonly key: string | null;
  readonly authority: string | null;
  readonly serverName: string | null;
}>;

export interface Origin {
  /**
   * Resolves with the head of the answer. A Fault says how far it came: `upstream_unreachable` while
   * no byte was written, `upstream_lost` after that.
   */
  request(request: OriginRequest): Promise<OriginAnswer>;
  close(): Promise<void>;
}

export interface OriginRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal;
  /** Called synchronously before the first byte is written; what it throws ends the request unsent. */
  readonly beforeWrite?: () => void;
}

export interface OriginAnswer {
  readonly status: number;
  /** Lower-case name; the first value. */
  header(name: string): string | null;
  /** Reads the body whole; one larger than `maxBytes` is cut off with `upstream_garbled`. */
  text(maxBytes: number): Promise<string>;
  /** Reads the body as it comes. Leaving the loop, or the request's signal, ends the connection. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Throws the body away; the connection is used again where that is cheap. */
  discard(): void;
}
