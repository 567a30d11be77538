import type { Principal } from "../model/index.ts";
import type { Upstream, UpstreamNotification } from "./upstream.ts";

/** Live connections to servers, shared by whoever lists and whoever calls. */
export interface Connections {
  /** The live one of this key, or a new one; several who ask at once share it. Throws a Fault. */
  get(key: ConnectionKey, signal: AbortSignal): Promise<Upstream>;
  /** Endpoints of a server: its URLs, or ordinals of its child processes. Empty: no such server. */
  endpoints(server: string): readonly string[];
  /** Told of each change that a server announces, and when a connection ended (`closed`). */
  onChange(listener: (server: string, change: UpstreamNotification | "closed") => void): () => void;
}

export interface ConnectionKey {
  readonly server: string;
  readonly endpoint: string;
  /** Whose state and credentials it carries; `""` where all share the server's own. */
  readonly subject: string;
  /** Who that is; absent where all share it. */
  readonly principal?: Principal;
}
