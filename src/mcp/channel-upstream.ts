import type { Json } from "../lib/strict-json.ts";
import { untilAborted } from "../lib/until-aborted.ts";
import { Abandoned } from "./abandoned.ts";
import { answerAsk, maxAsks } from "./answer-ask.ts";
import type { Channel, Sent } from "./channel.ts";
import { ChannelWatch, type Asked } from "./channel-watch.ts";
import type { createMetaWriter } from "./modern-meta.ts";
import { metaKeys } from "./protocol.ts";
import { isObject } from "./read-message.ts";
import { readReply, type Reply } from "./read-reply.ts";
import {
  fromDiscover,
  fromInitialize,
  initializeParams,
  isModernError,
  type ServerFacts,
} from "./server-facts.ts";
import { writeError, writeNotification, writeRequest, writeResult } from "./write-message.ts";
import { Fault } from "../model/index.ts";
import type { SandboxStamp } from "../model/sandbox.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type {
  Upstream,
  UpstreamAnswer,
  UpstreamRequest,
  UpstreamTarget,
} from "../ports/upstream.ts";

export interface ChannelUpstreamOptions {
  readonly target: UpstreamTarget;
  readonly version: string;
  readonly writeMeta: ReturnType<typeof createMetaWriter>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

interface Pending {
  /** Null for what we ask ourselves. */
  readonly request: UpstreamRequest | null;
  /** Until then the server knows nothing of it. */
  isWritten: boolean;
  readonly resolve: (answer: UpstreamAnswer) => void;
  readonly reject: (error: Error) => void;
}

interface Exchange extends Pick<UpstreamRequest, "signal" | "beforeWrite"> {
  readonly id: number;
  readonly line: string;
  readonly request: UpstreamRequest | null;
}

/** Lines on the standard output that are no messages; more than that and it is no server. */
const maxStray = 100;
const maxStrayLog = 5;

/** A server on one channel, and the calls that are under way on it, told apart by ids of ours. */
export class ChannelUpstream implements Upstream {
  readonly #options: ChannelUpstreamOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #abandoned: Abandoned;
  #channel: Channel | null = null;
  #facts: ServerFacts | null = null;
  #nextId = 1;
  #strays = 0;
  #asks = 0;
  readonly #watch: ChannelWatch;

  constructor(options: ChannelUpstreamOptions) {
    this.#options = options;
    this.#abandoned = new Abandoned(options.clock);
    this.#watch = new ChannelWatch({
      clock: options.clock,
      ask: (method, asked) => this.#ask(method, asked),
      tell: (line) => this.#tell(line),
      toId: () => this.#nextId++,
      metaText: () => options.writeMeta({}, {}),
    });
  }

  get facts(): ServerFacts {
    if (this.#facts === null) throw new Error("asked for facts before the first hello");
    return this.#facts;
  }

  get outstanding(): number {
    let count = 0;
    for (const { request } of this.#pending.values()) if (request !== null) count += 1;
    return count;
  }

  get sandbox(): (() => SandboxStamp) | null {
    return this.#channel?.sandbox ?? null;
  }

  attach(channel: Channel): void {
    this.#channel = channel;
  }

  /** Null when the program does not answer the modern question: it is a legacy one. */
  async discover(signal: AbortSignal): Promise<ServerFacts | null> {
    const meta = this.#options.writeMeta({}, {});
    const answer = await this.#ask("server/discover", { members: "", meta, signal });
    if (answer.kind === "result") {
      this.#facts = fromDiscover(answer.value);
      if (this.#facts !== null && hasLists(this.#facts)) this.#watch.listen([]);
      return this.#facts;
    }
    if (!isModernError(answer.error.code)) return null;
    throw new Fault(
      "upstream_unreachable",
      `The server speaks no version of ours: ${this.#options.target.redact(answer.error.message).slice(0, 200)}`,
    );
  }

  async initialize(signal: AbortSignal): Promise<void> {
    const members = JSON.stringify(initializeParams(this.#options.version)).slice(1, -1);
    const answer = await this.#ask("initialize", { members, meta: null, signal });
    this.#facts = answer.kind === "result" ? fromInitialize(answer.value) : null;
    if (this.#facts === null)
      throw new Fault("upstream_garbled", "The server did not answer initialize.");
    const told = this.#write(writeNotification("notifications/initialized", {}));
    // A call that overtakes it would be refused.
    await untilAborted(Promise.resolve(told), signal);
  }

  send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { method, members, meta: own, client, signal, beforeWrite } = request;
    const id = this.#nextId++;
    const named = own["progressToken"] === undefined ? own : { ...own, progressToken: id };
    const meta =
      this.facts.era === "modern" ? this.#options.writeMeta(client, named) : toLegacyMeta(named);
    const line = writeRequest({ id, method, members, meta });
    return this.#exchange({ id, line, request, signal, beforeWrite });
  }

  #exchange({ id, line, request, signal, beforeWrite }: Exchange): Promise<UpstreamAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const leave = (): void => signal.removeEventListener("abort", onAbort);
      const pending: Pending = {
        request,
        isWritten: false,
        resolve: (answer) => (leave(), resolve(answer)),
        reject: (error) => (leave(), reject(error)),
      };
      const onAbort = (): void => {
        this.#pending.delete(id);
        if (request !== null && pending.isWritten) this.#abandon(id);
        reject(signal.reason as Error);
      };
      const onUnsent = (error: Error): void => {
        if (this.#pending.delete(id)) pending.reject(error);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#pending.set(id, pending);
      try {
        void this.#write(line, {
          signal,
          beforeWrite: () => (beforeWrite(), void (pending.isWritten = true)),
          onUnsent,
          isUnderWay: () => this.#pending.has(id),
        });
      } catch (error) {
        onUnsent(error as Error);
      }
    });
  }

  #abandon(id: number): void {
    this.#abandoned.add(id);
    this.#tell(
      writeNotification("notifications/cancelled", { requestId: id, reason: "cancelled" }),
    );
  }

  async watch(uris: readonly string[]): Promise<void> {
    if (this.facts.era === "modern") return this.#watch.listen(uris);
    await this.#watch.subscribe(uris);
  }

  close(): Promise<void> {
    this.end("the connection was closed");
    return this.#channel?.close() ?? Promise.resolve();
  }

  /** Calls that were sent may have been worked on; nobody will say. */
  end(reason: string): void {
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, isWritten } of lost)
      reject(
        isWritten
          ? new Fault("upstream_lost", `The server ended before it answered: it ${reason}.`)
          : new Fault(
              "upstream_unreachable",
              `The server ended before it was asked: it ${reason}.`,
            ),
      );
  }

  onLine(line: string): void {
    let reply: Reply;
    try {
      reply = readReply(line);
    } catch (error) {
      return this.#onStray(line, error);
    }
    if (reply.kind === "notification") return this.#onNotification(reply);
    if (reply.kind === "request") return this.#onAsked(reply);
    const pending = this.#pending.get(Number(reply.id));
    if (pending === undefined) return this.#abandoned.answered(Number(reply.id));
    this.#pending.delete(Number(reply.id));
    if (reply.kind === "error") pending.resolve({ kind: "error", error: reply.error });
    else pending.resolve({ kind: "result", text: reply.text, value: reply.value });
  }

  #onStray(line: string, error: unknown): void {
    this.#strays += 1;
    const { telemetry, target } = this.#options;
    if (this.#strays <= maxStrayLog)
      telemetry.log("warn", "a server wrote something that is no message", {
        server: target.server,
        line: target.redact(line).slice(0, 200),
      });
    const answering = readId(line);
    const pending = answering === null ? undefined : this.#pending.get(answering);
    if (answering !== null && pending !== undefined) {
      this.#pending.delete(answering);
      pending.reject(error as Error);
    }
    if (this.#strays > maxStray) this.#channel?.kill("wrote too much that is no message");
  }

  #onNotification({ method, params }: Extract<Reply, { kind: "notification" }>): void {
    if (method === "notifications/progress") {
      const { request } = this.#pending.get(Number(params["progressToken"])) ?? { request: null };
      const token = request?.meta["progressToken"];
      if (request !== null && token !== undefined)
        request.onNotification({ method, params: { ...params, progressToken: token } });
      return;
    }
    if (method === "notifications/message") {
      // Nothing says which call a log line is of: it is the only one's, or nobody's.
      this.#only()?.onNotification({ method, params });
      return;
    }
    if (
      method === "notifications/subscriptions/acknowledged" ||
      method === "notifications/cancelled"
    )
      return;
    const meta = params["_meta"];
    const { _meta: _, ...rest } = params;
    const isOurs = isObject(meta) && meta[metaKeys.subscription] !== undefined;
    this.#options.target.onChange({ method, params: isOurs ? rest : params });
  }

  #only(): UpstreamRequest | null {
    if (!this.#abandoned.isEmpty) return null;
    let found: UpstreamRequest | null = null;
    for (const { request, isWritten } of this.#pending.values()) {
      if (request === null || !isWritten) continue;
      if (found !== null) return null;
      found = request;
    }
    return found;
  }

  /** A question is for the only call that it can be of; otherwise no person is asked for another's. */
  #onAsked(ask: Extract<Reply, { kind: "request" }>): void {
    if (this.#asks >= maxAsks) return;
    this.#asks += 1;
    void this.#answer(ask).finally(() => (this.#asks -= 1));
  }

  async #answer(ask: Extract<Reply, { kind: "request" }>): Promise<void> {
    // A ping is of no call, and is answered whatever becomes of those.
    const request = ask.method === "ping" ? null : this.#only();
    const { signal } = request ?? new AbortController();
    const onUntold = (): void => this.#logUntold(ask.method);
    const answer = await answerAsk(ask, { request, signal, onUntold });
    if (request?.signal.aborted === true) return;
    this.#tell(
      answer.kind === "result"
        ? writeResult(ask.id, JSON.stringify(answer.result))
        : writeError(ask.id, answer.error),
      request === null ? undefined : this.#toSent(request),
    );
  }

  /** What a client answered is written as its call is: not once that may not be sent any more (I4). */
  #toSent(request: UpstreamRequest): Sent {
    const { signal, beforeWrite } = request;
    const isUnderWay = (): boolean =>
      [...this.#pending.values()].some((pending) => pending.request === request);
    return { signal, beforeWrite, onUnsent: () => undefined, isUnderWay };
  }

  #logUntold(method: string): void {
    const { telemetry, target } = this.#options;
    const { server } = target;
    telemetry.log("warn", "a server asked, and which call asks cannot be told", { server, method });
  }

  #ask(method: string, { members, meta, signal }: Asked): Promise<UpstreamAnswer> {
    const id = this.#nextId++;
    const line = writeRequest({ id, method, members, meta });
    return this.#exchange({ id, line, request: null, signal, beforeWrite: () => undefined });
  }

  #write(line: string, sent?: Sent): void | Promise<void> {
    // JSON may have line breaks between its parts, which would end the message here.
    return this.#channel!.write(
      line.includes("\n") || line.includes("\r") ? line.replaceAll(/[\r\n]/g, " ") : line,
      sent,
    );
  }

  #tell(line: string, sent?: Sent): void {
    try {
      void this.#write(line, sent);
    } catch {
      // It has ended, or the call has no time left: whoever waits for it is told so.
    }
  }
}

function toLegacyMeta(meta: Readonly<Record<string, Json>>): string | null {
  return Object.keys(meta).length === 0 ? null : JSON.stringify(meta);
}

function hasLists({ capabilities }: ServerFacts): boolean {
  const { tools, prompts, resources } = capabilities;
  return [tools, prompts, resources].some((each) => isObject(each) && each["listChanged"] === true);
}

/** The id of a line that is a broken answer, so that its call does not wait for its deadline. */
function readId(line: string): number | null {
  const id = /"id"\s*:\s*(\d{1,15})\b/.exec(line.slice(0, 1_024))?.[1];
  return id === undefined ? null : Number(id);
}
