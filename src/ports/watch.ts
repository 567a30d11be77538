import type { Principal } from "../model/index.ts";
import type { UpstreamNotification } from "./upstream.ts";

/** Changes that a client asked to be told of. Offered by the gate, asked by the faces. */
export interface Watch {
  /**
   * Begins at once. Left out of what is answered are resources that no server of the toolset has, that
   * the caller may not read, or only by rules about labels, and whose server has no subscriptions.
   * What is frozen later, or denied by a later revision, is not told of until that is over.
   */
  open(wish: WatchWish): Promise<Watching>;
}

export interface WatchWish {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly toolset: string;
  readonly filter: WatchFilter;
  /** URIs that were granted before: if they are frozen just now, they wait until that is lifted. */
  readonly held?: readonly string[];
  readonly onNotification: (notification: UpstreamNotification) => void;
  /** Nothing more comes: the revision that was watched is gone. Not called by `close`. */
  readonly onEnd: () => void;
}

export interface WatchFilter {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  /** URIs. */
  readonly updated: readonly string[];
}

export interface Watching {
  readonly granted: WatchFilter;
  close(): void;
}
