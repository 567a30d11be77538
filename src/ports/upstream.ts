import type { Json } from "../lib/strict-json.ts";
import type { ServerConfig } from "../model/config-servers.ts";
import type { Label, Principal, RunId } from "../model/index.ts";
import type { ClientCapabilities, Era, Implementation, RpcError } from "../model/protocol.ts";
import type { SandboxStamp, Tier } from "../model/sandbox.ts";
import type { SecretHeaders } from "./credentials.ts";
import type { EgressCredential } from "./sandbox.ts";

/**
 * Opens connections to the endpoints of registered servers. Everything that differs between
 * transports and protocol versions on the wire ends here: what the gate sends and gets is the same.
 */
export interface Connector {
  /** Finds out which era the endpoint speaks; throws a Fault when it cannot be reached. */
  connect(target: UpstreamTarget, signal: AbortSignal): Promise<Upstream>;
}

export interface UpstreamTarget {
  readonly server: string;
  readonly config: ServerConfig;
  /** One of the server's URLs; for a child process its ordinal, as text. */
  readonly endpoint: string;
  /** Whose credentials and state the connection carries: two subjects never share one. */
  readonly subject: string;
  /** Resolved secrets, sent with each request to this endpoint and nowhere else. */
  readonly headers: Readonly<Record<string, string>>;
  /** What requests carry that belong to no call: hello, lists, streams. Null: they carry nothing. */
  readonly present: Present | null;
  /** Environment of a child process, secrets resolved. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of a child process in a sandbox: secrets that it uses without having them. */
  readonly egressCredentials: readonly EgressCredential[];
  /** Takes known secrets out of what a server said, before it is cut, logged or told. */
  readonly redact: (text: string) => string;
  /** Changes that no call asked for: lists, resources. */
  readonly onChange: (change: UpstreamNotification) => void;
  /** The connection is of no use any more; the next call needs another one. */
  readonly onClose: (reason: string) => void;
}

/** Asked for each request anew; what it throws ends the request unsent. */
export type Present = () => Presented | Promise<Presented>;

/** A credential on its way to one endpoint. */
export interface Presented {
  readonly id: string;
  readonly headers: SecretHeaders;
  /** The server answered 401 to it: whether asking again gives another one. */
  readonly rejected: () => boolean;
}

export interface UpstreamFacts {
  readonly era: Era;
  readonly version: string;
  readonly serverInfo: Implementation | null;
  readonly capabilities: Readonly<Record<string, Json>>;
  readonly instructions: string | null;
}

export interface Upstream {
  readonly facts: UpstreamFacts;
  /** Where it runs, as it stands now; null: it is no program of ours. */
  readonly sandbox: (() => SandboxStamp) | null;
  /** Calls sent and not ended. */
  readonly outstanding: number;
  send(request: UpstreamRequest): Promise<UpstreamAnswer>;
  /**
   * Which resources changes are wanted of, whole; list changes come always. Replaces what was
   * asked for before.
   */
  watch(uris: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface UpstreamRequest {
  readonly method: string;
  /**
   * The members of `params` but `_meta`, as JSON text without braces: the bytes that were decided
   * on. Nothing is added to them or taken away.
   */
  readonly members: string;
  /** Members of `_meta` that go upstream; what the protocol itself needs there is added. */
  readonly meta: Readonly<Record<string, Json>>;
  /** Who asks; absent for what belongs to no call. For servers within this process alone (I10). */
  readonly caller?: UpstreamCaller;
  /** Mirrored by `Mcp-Name`, and `Mcp-Param-*` where the tool's schema asks for it. */
  readonly name: string | null;
  readonly params: Readonly<Record<string, string>>;
  /** What the client at hand can be asked. */
  readonly client: ClientCapabilities;
  /** Null: as requests that belong to no call. A 401 to it is the fault `credential_rejected`. */
  readonly credential: SecretHeaders | null;
  /** Asked synchronously before the first byte is written; what it throws ends the call unsent (I4). */
  readonly beforeWrite: () => void;
  /** Aborting cancels upstream, in the words of its protocol. */
  readonly signal: AbortSignal;
  /** Progress and log lines of this call; progress tokens are ours, the gate puts the client's back. */
  readonly onNotification: (notification: UpstreamNotification) => void;
  /** A legacy server asks in the middle of the call: what it is told is its client's result. */
  readonly onAsk: (ask: UpstreamAsk) => Promise<AskAnswer>;
}

export interface UpstreamCaller {
  readonly principal: Principal;
  readonly roles: readonly string[];
  /** The run that makes the call, and the call's place in it, as its worker says; null: no run. */
  readonly run: { readonly run: RunId; readonly step: number; readonly ordinal: number } | null;
  /** What its context has touched; absent or null: nobody keeps that. */
  readonly labels?: () => Promise<readonly Label[] | null>;
  /** Where a program that is run for this very call runs; absent or null: as configured. */
  readonly tier?: Tier | null;
  /** When the call's time is over, as things stand. */
  readonly untilMs: () => number;
}

export interface UpstreamNotification {
  readonly method: string;
  readonly params: Readonly<Record<string, Json>>;
}

/** `elicitation/create`, `sampling/createMessage` or `roots/list`. */
export interface UpstreamAsk {
  readonly method: string;
  readonly params: Readonly<Record<string, Json>>;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}
export type AskAnswer =
  | { readonly kind: "result"; readonly result: Json }
  | { readonly kind: "error"; readonly error: RpcError };

/**
 * What the server said, unread where that is possible. Whatever is not an answer of the server is a
 * thrown Fault: `upstream_unreachable` if nothing was sent (safe to send again), `upstream_lost` if
 * the request may have been worked on, `upstream_garbled` if the answer is not one.
 */
export type UpstreamAnswer =
  | {
      readonly kind: "result";
      /** The bytes of `result` as they came, checked to be JSON. */
      readonly text: string;
      /** The same, read. */
      readonly value: Readonly<Record<string, Json>>;
      /** Of a server within this process: the run that says it, whose labels go with it. */
      readonly run?: RunId;
      /** Of such a server: where it comes from, besides what the configuration says of its tool. */
      readonly labels?: readonly Label[];
      /** Of such a server: where the program ran that was run for this very call. */
      readonly sandbox?: SandboxStamp;
      /** Names of known secrets that were taken out of it at the gate. */
      readonly leaked?: readonly string[];
    }
  | {
      readonly kind: "error";
      readonly error: RpcError;
      readonly leaked?: readonly string[];
    };
