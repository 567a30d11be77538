import { untilAborted } from "../../lib/until-aborted.ts";
import { answerAsk, maxAsks } from "../../mcp/answer-ask.ts";
import { encodeHeaderValue } from "../../mcp/header-value.ts";
import { modernVersion } from "../../mcp/protocol.ts";
import type { Reply } from "../../mcp/read-reply.ts";
import { within } from "../../mcp/within.ts";
import {
  writeError,
  writeNotification,
  writeRequest,
  writeResult,
} from "../../mcp/write-message.ts";
import { Fault } from "../../model/index.ts";
import type { Upstream, UpstreamAnswer, UpstreamRequest } from "../../ports/upstream.ts";
import {
  post,
  toOwnHeaders,
  toCallFault,
  toStatusFault,
  unauthorized,
  type Posted,
} from "./post.ts";
import { sessionHeaders } from "./probe.ts";
import type { HttpUpstreamOptions } from "./options.ts";
import { createStanding, type Standing } from "./standing.ts";

/** A flood of progress is cut: no person reads so much of it. */
const maxNotifications = 100_000;

/** One connection to a server over streamable HTTP, of either era. */
export class HttpUpstream implements Upstream {
  readonly sandbox = null;
  readonly facts: Upstream["facts"];
  readonly #options: HttpUpstreamOptions;
  readonly #closed = new AbortController();
  readonly #standing: Standing;
  readonly #calls = new Set<UpstreamRequest>();
  #nextId = 1;
  #asks = 0;

  constructor(options: HttpUpstreamOptions) {
    this.#options = options;
    this.facts = options.opened.facts;
    this.#standing = createStanding(options, {
      signal: this.#closed.signal,
      toId: () => this.#nextId++,
      onAsk: (reply) => this.#answerUnrelated(reply),
    });
  }

  get outstanding(): number {
    return this.#calls.size;
  }

  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    if (this.#closed.signal.aborted)
      throw new Fault("upstream_unreachable", "The connection was closed.");
    const id = this.#nextId++;
    this.#calls.add(request);
    let isWritten = false;
    const beforeWrite = (): void => {
      request.beforeWrite();
      isWritten = true;
    };
    const onAbort = (): void => {
      if (isWritten) this.#cancel(id);
    };
    request.signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.#exchange(id, { ...request, beforeWrite });
    } finally {
      request.signal.removeEventListener("abort", onAbort);
      this.#calls.delete(request);
    }
  }

  async #exchange(id: number, request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { endpoint, place } = this.#options;
    const { posted } = await post(endpoint, {
      message: this.#write(id, request),
      headers: this.#headers(request),
      signal: request.signal,
      beforeWrite: request.beforeWrite,
      credential: request.credential,
    });
    if (posted.kind === "refused") throw this.#toFault(posted, request);
    if (posted.kind === "accepted") throw new Fault("upstream_garbled", `${place} gave no answer.`);
    if (posted.kind === "reply") return this.#toAnswer(id, posted.reply);
    return this.#follow(id, posted.replies, request);
  }

  #write(id: number, request: UpstreamRequest): string {
    const { method, members, meta, client } = request;
    const own = meta["progressToken"] === undefined ? meta : { ...meta, progressToken: id };
    if (this.facts.era === "modern") {
      return writeRequest({ id, method, members, meta: this.#options.writeMeta(client, own) });
    }
    const isBare = Object.keys(own).length === 0;
    return writeRequest({ id, method, members, meta: isBare ? null : JSON.stringify(own) });
  }

  #headers({ method, name, params }: UpstreamRequest): Readonly<Record<string, string>> {
    const { facts, session } = this.#options.opened;
    if (facts.era === "legacy") return sessionHeaders(facts.version, session);
    const headers: Record<string, string> = {
      "mcp-protocol-version": modernVersion,
      "mcp-method": method,
    };
    if (name !== null) headers["mcp-name"] = encodeHeaderValue(name);
    for (const key of Object.keys(params))
      headers[`mcp-param-${key}`] = encodeHeaderValue(params[key]!);
    return headers;
  }

  async #follow(
    id: number,
    replies: AsyncIterable<Reply>,
    request: UpstreamRequest,
  ): Promise<UpstreamAnswer> {
    let notifications = 0;
    for await (const reply of replies) {
      if (reply.kind === "notification") {
        notifications += 1;
        if (notifications > maxNotifications)
          throw new Fault("upstream_garbled", "The server sent too many notifications.");
        request.onNotification(restoreToken(reply, request));
      } else if (reply.kind === "request") {
        this.#onAsked(reply, request);
      } else if (reply.id === id || reply.kind === "error") {
        return this.#toAnswer(id, reply);
      }
    }
    throw new Fault(
      "upstream_lost",
      `${this.#options.place} ended its answer before it was whole.`,
    );
  }

  #toAnswer(id: number, reply: Reply): UpstreamAnswer {
    if (reply.kind === "result" && reply.id === id)
      return { kind: "result", text: reply.text, value: reply.value };
    if (reply.kind === "error" && (reply.id === id || reply.id === null))
      return { kind: "error", error: reply.error };
    throw new Fault("upstream_garbled", `${this.#options.place} answered something else.`);
  }

  #toFault(
    posted: Extract<Posted, { kind: "refused" }>,
    { method, credential }: UpstreamRequest,
  ): Fault {
    const { opened, place, target } = this.#options;
    if (posted.status === unauthorized && credential !== null) {
      return new Fault("credential_rejected", `${place} does not take the credential (401).`, {
        details: { status: posted.status },
      });
    }
    const isGone = posted.status === 404 && opened.session !== null;
    // A modern server has no reason for a bare 400 or 404: it may have been replaced by an older one.
    const isOther = this.facts.era === "modern" && (posted.status === 400 || posted.status === 404);
    if (!isGone && !isOther)
      return method === "tools/call" ? toCallFault(place, posted) : toStatusFault(place, posted);
    void this.close();
    target.onClose(isGone ? "the session is gone" : "the server speaks another version now");
    return new Fault("upstream_unreachable", `${place} does not know this session any more.`);
  }

  #onAsked(ask: Extract<Reply, { kind: "request" }>, request: UpstreamRequest | null): void {
    if (this.#asks >= maxAsks) return;
    this.#asks += 1;
    void this.#answerAsk(ask, request).finally(() => (this.#asks -= 1));
  }

  async #answerAsk(
    ask: Extract<Reply, { kind: "request" }>,
    request: UpstreamRequest | null,
  ): Promise<void> {
    const { signal: closed } = this.#closed;
    const signal = request === null ? closed : AbortSignal.any([request.signal, closed]);
    const onUntold = (): void => this.#logUntold(ask.method);
    const answer = await answerAsk(ask, { request, signal, onUntold });
    if (request?.signal.aborted === true) return;
    const message =
      answer.kind === "result"
        ? writeResult(ask.id, JSON.stringify(answer.result))
        : writeError(ask.id, answer.error);
    // Of a call nothing is written once it may not be sent any more (I4); a ping is of none.
    await this.#tell(message, answerMs, ask.method === "ping" ? noCheck : request?.beforeWrite);
  }

  /** On the standing stream nothing says which call asks: it is the only one, or nobody is asked. */
  #answerUnrelated(ask: Extract<Reply, { kind: "request" }>): void {
    const [only] = this.#calls.size === 1 ? this.#calls : [];
    this.#onAsked(ask, only ?? null);
  }

  #logUntold(method: string): void {
    const { telemetry, target } = this.#options;
    const { server } = target;
    telemetry.log("warn", "a server asked, and which call asks cannot be told", { server, method });
  }

  #cancel(id: number): void {
    if (this.facts.era === "modern") return;
    const params = { requestId: id, reason: "cancelled" };
    void this.#tell(writeNotification("notifications/cancelled", params), cancelMs);
  }

  /** A server that leaves it unanswered must not keep the connection: calls need it. */
  async #tell(message: string, withinMs: number, beforeWrite = noCheck): Promise<void> {
    const { endpoint, opened, telemetry, target, clock, place: who } = this.#options;
    const limits = { clock, signal: this.#closed.signal, withinMs, who };
    const headers = sessionHeaders(opened.facts.version, opened.session);
    try {
      await within(limits, async (signal) => {
        const { posted } = await post(endpoint, { message, headers, signal, beforeWrite });
        if (posted.kind === "stream") for await (const _ of posted.replies) break;
      });
    } catch (fault) {
      telemetry.log("debug", "a server could not be told", { server: target.server, fault });
    }
  }

  async watch(uris: readonly string[]): Promise<void> {
    await this.#standing.watch(uris);
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    const { endpoint, opened } = this.#options;
    this.#closed.abort(new Fault("upstream_unreachable", "The connection was closed."));
    if (opened.session === null) return endpoint.origin.close();
    const own = sessionHeaders(opened.facts.version, opened.session);
    const { clock, place: who } = this.#options;
    const limits = { clock, signal: new AbortController().signal, withinMs: goodbyeMs, who };
    await within(limits, async (signal) => {
      const headers = { ...(await untilAborted(toOwnHeaders(endpoint), signal)), ...own };
      const { path } = endpoint;
      const goodbye = { method: "DELETE", path, headers, body: null, signal } as const;
      (await endpoint.origin.request(goodbye)).discard();
    }).catch(() => undefined);
    await endpoint.origin.close();
  }
}

/** A session that is not ended ends by itself; nobody waits long for it. */
const goodbyeMs = 1_000;
const noCheck = (): void => undefined;
const cancelMs = 3_000;
const answerMs = 10_000;

/** Progress tokens are ours on the wire, so that two callers' equal ones never meet. */
function restoreToken(
  { method, params }: Extract<Reply, { kind: "notification" }>,
  { meta }: UpstreamRequest,
) {
  const token = meta["progressToken"];
  if (method !== "notifications/progress" || token === undefined) return { method, params };
  return { method, params: { ...params, progressToken: token } };
}
