import { batchVersion, isLegacyVersion, legacyVersions } from "../../mcp/protocol.ts";
import {
  isObject,
  type AnswerMessage,
  type Body,
  type Message,
  type NotificationMessage,
  type RequestMessage,
} from "../../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../../mcp/rpc-error.ts";
import { writeError, writeResult } from "../../mcp/write-message.ts";
import { Fault } from "../../model/index.ts";
import type { GateAnswer } from "../../ports/gate.ts";
import type { HeardLetter } from "../../ports/mailbox.ts";
import { Answering } from "./answering.ts";
import { notAllowed, type Arrival, type FaceOptions } from "./arrival.ts";
import { resolveToolset } from "../../gate/resolve.ts";
import { toCapabilities, nameOurselves } from "./discover.ts";
import { createKeepAlive } from "./keep-alive.ts";
import { createLegacyCall, type LegacyCall } from "./legacy-call.ts";
import { refuseRequest, toRpcErrorOfAny } from "./refuse.ts";
import { createSessionRelay } from "./session-relay.ts";
import { createSessionWatch } from "./session-watch.ts";
import { createSessions, type Session } from "./sessions.ts";

/** The protocol with sessions: 2025-03-26, 2025-06-18 and 2025-11-25. */
export class LegacyFace {
  readonly #options: FaceOptions;
  readonly #sessions: ReturnType<typeof createSessions>;
  readonly #relay: ReturnType<typeof createSessionRelay>;
  readonly #keepAlive: ReturnType<typeof createKeepAlive>;
  readonly #call: ReturnType<typeof createLegacyCall>;
  readonly #watch: ReturnType<typeof createSessionWatch>;

  constructor(options: FaceOptions) {
    this.#options = options;
    this.#sessions = createSessions(options.sealer, options.clock);
    this.#relay = createSessionRelay(options, this.#sessions);
    this.#keepAlive = createKeepAlive(options.clock);
    this.#call = createLegacyCall(options);
    this.#watch = createSessionWatch(options);
  }

  async post(arrival: Arrival, body: Body): Promise<void> {
    if (body.kind === "single" && isInitialize(body.message)) {
      return this.#initialize(arrival, body.message);
    }
    const session = this.#sessionOf(arrival);
    if (body.kind === "batch") return this.#batch(arrival, session, body.messages);
    const { message } = body;
    if (message.kind === "request") return this.#request(arrival, session, message);
    await this.#hear(arrival, session, message);
    new Answering(arrival.outgoing).end(null, 202);
  }

  /** GET: the standing stream for what no request asked for. */
  async listen(arrival: Arrival): Promise<void> {
    const session = this.#sessionOf(arrival);
    const { live } = session;
    if (live.stream !== null)
      throw new Fault("stream_taken", "The session has its stream already.");
    const answering = new Answering(arrival.outgoing);
    live.stream = answering;
    answering.startStream();
    const stop = this.#keepAlive.add(answering);
    const closed = new Promise<void>((resolve) => arrival.outgoing.once("close", resolve));
    try {
      await this.#watch.open(arrival.asker, session);
      await closed;
    } finally {
      stop();
      live.stream = null;
      this.#watch.close(session);
    }
  }

  end(arrival: Arrival): void {
    this.#relay.end(this.#sessionOf(arrival));
    new Answering(arrival.outgoing).end(null, 204);
  }

  /** Another replica's client said something about a call of this one. */
  hear(letter: HeardLetter): GateAnswer {
    return this.#relay.hear(letter);
  }

  close(): void {
    this.#relay.close();
    this.#sessions.close();
  }

  /** What wants no answer: a cancellation, or the client's answer to what it was asked. */
  async #hear(
    { asker }: Arrival,
    session: Session,
    message: NotificationMessage | AnswerMessage,
  ): Promise<void> {
    if (message.kind === "notification") this.#relay.notify(session, message);
    else await this.#relay.answer(session, message, asker.cancel.signal);
  }

  #sessionOf({ incoming, asker }: Arrival): Session {
    const id = incoming.headers["mcp-session-id"];
    if (typeof id !== "string") {
      if (incoming.method !== "POST") throw notAllowed();
      throw new RpcRefusal(rpcCodes.invalidRequest, "The Mcp-Session-Id header is missing.");
    }
    const named = incoming.headers["mcp-protocol-version"];
    if (named !== undefined && !isLegacyVersion(named)) {
      const known = legacyVersions.join(", ");
      throw new RpcRefusal(
        rpcCodes.invalidRequest,
        `The MCP-Protocol-Version header names no version with sessions: ${known}.`,
      );
    }
    return this.#sessions.find(asker, id);
  }

  #initialize({ asker, outgoing }: Arrival, message: RequestMessage): void {
    const { protocolVersion, capabilities } = message.params;
    // A version that is not ours is answered with the newest that is: the client decides.
    const version = isLegacyVersion(protocolVersion) ? protocolVersion : legacyVersions[0];
    const session = this.#sessions.create(asker, {
      version,
      capabilities: isObject(capabilities) ? capabilities : {},
    });
    const catalog = this.#options.catalog();
    const toolset = resolveToolset(catalog, asker);
    const result = JSON.stringify({
      protocolVersion: version,
      capabilities: toCapabilities(catalog, toolset),
      serverInfo: nameOurselves(this.#options.version),
      ...(toolset.instructions === null ? {} : { instructions: toolset.instructions }),
    });
    const answering = new Answering(outgoing, { "mcp-session-id": session.id });
    answering.end(writeResult(message.id, result));
  }

  async #answer(call: LegacyCall): Promise<GateAnswer> {
    const { arrival, session, message } = call;
    switch (message.method) {
      case "ping":
        return empty;
      case "logging/setLevel":
        session.live.logLevel = readLevel(message);
        return empty;
      case "resources/subscribe":
      case "resources/unsubscribe":
        await this.#watch.subscribe(arrival.asker, session, message);
        return empty;
      case "initialize":
      case "server/discover":
      case "subscriptions/listen":
        throw new RpcRefusal(
          rpcCodes.methodNotFound,
          `A session has no method ${message.method}.`,
          { status: 200 },
        );
      default:
        return this.#call.exchange(call);
    }
  }

  async #request(arrival: Arrival, session: Session, message: RequestMessage): Promise<void> {
    const answering = new Answering(arrival.outgoing);
    const stop = this.#keepAlive.add(answering);
    try {
      const answered = await this.#answer({
        arrival,
        session,
        answering,
        message,
        isBatch: false,
      });
      if (answered.kind === "error") answering.end(writeError(message.id, answered.error));
      else answering.end(writeResult(message.id, answered.text));
    } catch (error) {
      refuseRequest(answering, message.id, error);
    } finally {
      stop();
    }
  }

  /** Requests of one body are answered in one stream, each as it ends. */
  async #batch(arrival: Arrival, session: Session, messages: readonly Message[]): Promise<void> {
    if (session.version !== batchVersion) {
      throw new RpcRefusal(rpcCodes.invalidRequest, `A batch is of version ${batchVersion}.`);
    }
    const requests: RequestMessage[] = [];
    for (const message of messages) {
      if (message.kind === "request") requests.push(message);
      else await this.#hear(arrival, session, message);
    }
    const answering = new Answering(arrival.outgoing);
    if (requests.length === 0) return answering.end(null, 202);
    answering.startStream();
    const answer = async (message: RequestMessage): Promise<void> => {
      answering.send(
        await this.#toBatchAnswer({ arrival, session, answering, message, isBatch: true }),
      );
    };
    await Promise.all(requests.map(answer));
    answering.end(null);
  }

  async #toBatchAnswer(call: LegacyCall): Promise<string> {
    const { id } = call.message;
    try {
      const answered = await this.#answer(call);
      return answered.kind === "error"
        ? writeError(id, answered.error)
        : writeResult(id, answered.text);
    } catch (error) {
      return writeError(id, toRpcErrorOfAny(error));
    }
  }
}

const empty: GateAnswer = { kind: "result", text: "{}", isError: false };

function isInitialize(message: Message): message is RequestMessage {
  return message.kind === "request" && message.method === "initialize";
}

function readLevel({ params }: RequestMessage): string {
  const { level } = params;
  if (typeof level === "string") return level;
  throw new RpcRefusal(rpcCodes.invalidParams, "params.level is a string.", { status: 200 });
}
