import type { Clock } from "../ports/clock.ts";
import type { UpstreamAnswer } from "../ports/upstream.ts";
import { within } from "./within.ts";
import { writeNotification, writeRequest } from "./write-message.ts";

const subscribeMs = 15_000;

export interface Asked {
  readonly members: string;
  readonly meta: string | null;
  readonly signal: AbortSignal;
}

export interface ChannelWatchOptions {
  readonly clock: Clock;
  readonly ask: (method: string, asked: Asked) => Promise<UpstreamAnswer>;
  readonly tell: (line: string) => void;
  readonly toId: () => number;
  readonly metaText: () => string;
}

/** What a server on a channel is to tell of by itself: lists, and the resources that somebody watches. */
export class ChannelWatch {
  readonly #options: ChannelWatchOptions;
  #watched: ReadonlySet<string> = new Set();
  #listenId: number | null = null;

  constructor(options: ChannelWatchOptions) {
    this.#options = options;
  }

  /** A legacy server is asked for each resource by itself. */
  async subscribe(uris: readonly string[]): Promise<void> {
    const wanted = new Set(uris);
    for (const uri of wanted)
      if (!this.#watched.has(uri)) await this.#askFor("resources/subscribe", uri);
    for (const uri of this.#watched)
      if (!wanted.has(uri)) await this.#askFor("resources/unsubscribe", uri);
    this.#watched = wanted;
  }

  async #askFor(method: string, uri: string): Promise<void> {
    const { clock, ask } = this.#options;
    const members = `"uri":${JSON.stringify(uri)}`;
    const { signal } = new AbortController();
    const limits = { clock, signal, withinMs: subscribeMs, who: "The server" };
    await within(limits, (until) => ask(method, { members, meta: null, signal: until }));
  }

  /** The one before is taken back: one stream says it all. */
  listen(uris: readonly string[]): void {
    const { tell, toId, metaText } = this.#options;
    const before = this.#listenId;
    const notifications = {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
    };
    const id = toId();
    this.#listenId = id;
    const members = `"notifications":${JSON.stringify(notifications)}`;
    tell(writeRequest({ id, method: "subscriptions/listen", members, meta: metaText() }));
    if (before !== null) tell(writeNotification("notifications/cancelled", { requestId: before }));
  }
}
