import { readEvents } from "../../mcp/read-events.ts";
import { readReply, type Reply } from "../../mcp/read-reply.ts";
import { modernVersion } from "../../mcp/protocol.ts";
import { within } from "../../mcp/within.ts";
import { writeRequest } from "../../mcp/write-message.ts";
import { isObject } from "../../mcp/read-message.ts";
import type { HttpUpstreamOptions } from "./options.ts";
import { post, toOwnHeaders, type Posted } from "./post.ts";
import { sessionHeaders } from "./probe.ts";

export interface Standing {
  watch(uris: readonly string[]): Promise<void>;
}

interface StandingUse {
  readonly signal: AbortSignal;
  readonly toId: () => number;
  readonly onAsk: (ask: Extract<Reply, { kind: "request" }>) => void;
}

const firstPauseMs = 500;
const maxPauseMs = 30_000;
/** A stream that held this long was a good one: the next pause is short again. */
const goodMs = 10_000;
const subscribeMs = 10_000;

/** The stream for what no call asked for: GET of a session, or `subscriptions/listen`. */
export function createStanding(options: HttpUpstreamOptions, use: StandingUse): Standing {
  return options.opened.facts.era === "modern"
    ? createListen(options, use)
    : createSessionStream(options, use);
}

/** Opens again and again, with growing pauses, until `open` says that there is no such stream. */
async function keepOpen(
  { clock }: HttpUpstreamOptions,
  signal: AbortSignal,
  open: () => Promise<"again" | "never">,
): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const next = await open().catch(() => "again" as const);
    if (next === "never" || signal.aborted) return;
    pauseMs =
      clock.monotonicMs() - startedMs > goodMs ? firstPauseMs : Math.min(maxPauseMs, pauseMs * 2);
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

function createSessionStream(options: HttpUpstreamOptions, use: StandingUse): Standing {
  const { endpoint, opened, target } = options;
  const own = sessionHeaders(opened.facts.version, opened.session);
  let watched: ReadonlySet<string> = new Set();

  async function open(): Promise<"again" | "never"> {
    const headers = { ...(await toOwnHeaders(endpoint)), ...own, accept: "text/event-stream" };
    const answer = await endpoint.origin.request({
      method: "GET",
      path: endpoint.path,
      headers,
      body: null,
      signal: use.signal,
    });
    if (answer.status !== 200) {
      answer.discard();
      return "never";
    }
    for await (const { data } of readEvents(answer.chunks(), endpoint.resultBytes)) {
      if (data === "") continue;
      const reply = readReply(data);
      if (reply.kind === "notification")
        target.onChange({ method: reply.method, params: reply.params });
      else if (reply.kind === "request") use.onAsk(reply);
    }
    return "again";
  }
  // A server without a session has nothing to say between calls.
  if (opened.session !== null) void keepOpen(options, use.signal, open);

  async function subscribe(method: string, uri: string): Promise<void> {
    const members = `"uri":${JSON.stringify(uri)}`;
    const message = writeRequest({ id: use.toId(), method, members, meta: null });
    const { clock, place: who } = options;
    const limits = { clock, signal: use.signal, withinMs: subscribeMs, who };
    await within(limits, async (signal) => {
      const { posted } = await post(endpoint, { message, headers: own, signal });
      if (posted.kind === "stream") for await (const _ of posted.replies) break;
    });
  }
  return {
    async watch(uris) {
      const wanted = new Set(uris);
      for (const uri of wanted) if (!watched.has(uri)) await subscribe("resources/subscribe", uri);
      for (const uri of watched)
        if (!wanted.has(uri)) await subscribe("resources/unsubscribe", uri);
      watched = wanted;
    },
  };
}

/** One stream for lists and resources; another set of resources is another stream. */
function createListen(options: HttpUpstreamOptions, use: StandingUse): Standing {
  let current = new AbortController();
  // Only the shared connection is told of changes: the others would say the same once more.
  if (options.target.subject === "" && hasLists(options)) listen([], current);

  function listen(uris: readonly string[], until: AbortController): void {
    const signal = AbortSignal.any([use.signal, until.signal]);
    void keepOpen(options, signal, () => openListen(options, { uris, signal, id: use.toId() }));
  }
  return {
    async watch(uris) {
      current.abort();
      current = new AbortController();
      listen(uris, current);
    },
  };
}

function hasLists({ opened }: HttpUpstreamOptions): boolean {
  const { tools, prompts, resources } = opened.facts.capabilities;
  return [tools, prompts, resources].some((each) => isObject(each) && each["listChanged"] === true);
}

interface Listen {
  readonly uris: readonly string[];
  readonly signal: AbortSignal;
  readonly id: number;
}

async function openListen(
  options: HttpUpstreamOptions,
  { uris, signal, id }: Listen,
): Promise<"again" | "never"> {
  const { endpoint, writeMeta, target } = options;
  const notifications = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
    ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
  };
  const members = `"notifications":${JSON.stringify(notifications)}`;
  const message = writeRequest({
    id,
    method: "subscriptions/listen",
    members,
    meta: writeMeta({}, {}),
  });
  const headers = { "mcp-protocol-version": modernVersion, "mcp-method": "subscriptions/listen" };
  const { posted } = await post(endpoint, { message, headers, signal });
  if (posted.kind !== "stream") return isFinal(posted) ? "never" : "again";
  for await (const reply of posted.replies) {
    if (
      reply.kind === "notification" &&
      reply.method !== "notifications/subscriptions/acknowledged"
    ) {
      target.onChange({ method: reply.method, params: reply.params });
    }
  }
  return "again";
}

function isFinal(posted: Exclude<Posted, { kind: "stream" }>): boolean {
  return posted.kind !== "refused" || posted.status < 500;
}
