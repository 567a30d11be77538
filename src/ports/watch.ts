import type { Principal } from "../model/index.ts";
import type { UpstreamNotification } from "./upstream.ts";

/** Changes that a client asked to be told of. Offered by the gate, asked by the faces. */
export interface Watch {
  /**
   * Begins at once. Left out of what is answered are resources that no server of the toolset has, that
   * the caller may not read, or only by rules about labels, and whose server has no subscriptions.
   */
  open(wish: WatchWish): Promise<Watching>;
}

export interface WatchWish {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly toolset: string;
  readonly filter: WatchFilter;
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
