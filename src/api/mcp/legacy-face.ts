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
import type { ClientCapabilities } from "../../model/protocol.ts";
import type { GateAnswer } from "../../ports/gate.ts";
import { Answering } from "./answering.ts";
import { toCapabilities, toServerInfo, toolsetOf } from "./discover.ts";
import { notAllowed, type Arrival, type FaceOptions } from "./arrival.ts";
import { createKeepAlive } from "./keep-alive.ts";
import { createLegacyCall } from "./legacy-call.ts";
import { refuseRequest } from "./modern-face.ts";
import { createSessions, type Session } from "./sessions.ts";
import { createSessionWatch } from "./session-watch.ts";

/** The protocol with sessions: 2025-03-26, 2025-06-18 and 2025-11-25. */
export function createLegacyFace(options: FaceOptions) {
  const sessions = createSessions(options.sealer, options.clock);
  const keepAlive = createKeepAlive(options.clock);
  const call = createLegacyCall(options);
  const watch = createSessionWatch(options);

  function sessionOf({ incoming, asker }: Arrival): Session {
    const id = incoming.headers["mcp-session-id"];
    if (typeof id !== "string")
      throw new RpcRefusal(rpcCodes.invalidRequest, "The Mcp-Session-Id header is missing.");
    const session = sessions.find(asker, id);
    const named = incoming.headers["mcp-protocol-version"];
    if (named !== undefined && !isLegacyVersion(named)) {
      throw new RpcRefusal(
        rpcCodes.invalidRequest,
        `The MCP-Protocol-Version header names no version of sessions: ${legacyVersions.join(", ")}.`,
      );
    }
    return session;
  }

  function initialize(arrival: Arrival, message: RequestMessage): void {
    const { protocolVersion, capabilities } = message.params;
    // A version that is not ours is answered with the newest that is: the client decides.
    const version = isLegacyVersion(protocolVersion) ? protocolVersion : legacyVersions[0];
    const session = sessions.create(arrival.asker, {
      version,
      capabilities: (isObject(capabilities) ? capabilities : {}) as ClientCapabilities,
    });
    const catalog = options.catalog();
    const toolset = toolsetOf(catalog, arrival.asker.toolset);
    const result = JSON.stringify({
      protocolVersion: version,
      capabilities: toCapabilities(catalog, toolset),
      serverInfo: toServerInfo(options.version),
      ...(toolset.instructions === null ? {} : { instructions: toolset.instructions }),
    });
    new Answering(arrival.outgoing, { "mcp-session-id": session.id }).end(
      writeResult(message.id, result),
    );
  }

  async function answer(
    arrival: Arrival,
    session: Session,
    answering: Answering,
    message: RequestMessage,
  ): Promise<GateAnswer> {
    switch (message.method) {
      case "ping":
        return empty;
      case "logging/setLevel":
        session.live.logLevel = String(message.params["level"]);
        return empty;
      case "resources/subscribe":
      case "resources/unsubscribe":
        await watch.subscribe(arrival.asker, session, message);
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
        return call.exchange({ arrival, session, answering, message });
    }
  }

  async function request(
    arrival: Arrival,
    session: Session,
    message: RequestMessage,
  ): Promise<void> {
    const answering = new Answering(arrival.outgoing);
    try {
      const answered = await answer(arrival, session, answering, message);
      if (answered.kind === "error") answering.end(writeError(message.id, answered.error));
      else answering.end(writeResult(message.id, answered.text));
    } catch (error) {
      refuseRequest(answering, message.id, error);
    }
  }

  /** Requests of one body are answered in one stream, each as it ends. */
  async function batch(
    arrival: Arrival,
    session: Session,
    messages: readonly Message[],
  ): Promise<void> {
    if (session.version !== batchVersion)
      throw new RpcRefusal(rpcCodes.invalidRequest, `A batch is of version ${batchVersion}.`);
    const requests: RequestMessage[] = [];
    for (const message of messages) {
      if (message.kind === "request") requests.push(message);
      else hear(session, message);
    }
    const answering = new Answering(arrival.outgoing);
    if (requests.length === 0) return answering.end(null, 202);
    answering.startStream();
    await Promise.all(
      requests.map(async (message) =>
        answering.send(await toBatchAnswer(arrival, session, answering, message)),
      ),
    );
    answering.end(null);
  }

  async function toBatchAnswer(
    arrival: Arrival,
    session: Session,
    answering: Answering,
    message: RequestMessage,
  ): Promise<string> {
    try {
      const answered = await answer(arrival, session, answering, message);
      return answered.kind === "error"
        ? writeError(message.id, answered.error)
        : writeResult(message.id, answered.text);
    } catch (error) {
      if (error instanceof RpcRefusal)
        return writeError(message.id, { code: error.code, message: error.message });
      if (!(error instanceof Fault)) throw error;
      return writeError(message.id, {
        code: rpcCodes.internal,
        message: error.message,
        data: { fault: error.code },
      });
    }
  }

  return {
    async post(arrival: Arrival, body: Body): Promise<void> {
      if (
        body.kind === "single" &&
        body.message.kind === "request" &&
        body.message.method === "initialize"
      ) {
        return initialize(arrival, body.message);
      }
      const session = sessionOf(arrival);
      if (body.kind === "batch") return batch(arrival, session, body.messages);
      const { message } = body;
      if (message.kind === "request") return request(arrival, session, message);
      hear(session, message);
      new Answering(arrival.outgoing).end(null, 202);
    },
    /** GET: the standing stream for what no request asked for. */
    async listen(arrival: Arrival): Promise<void> {
      if (arrival.incoming.headers["mcp-session-id"] === undefined) throw notAllowed();
      const session = sessionOf(arrival);
      if (session.live.stream !== null)
        throw new Fault("stream_taken", "The session has its stream already.");
      const answering = new Answering(arrival.outgoing);
      session.live.stream = answering;
      answering.startStream();
      const stop = keepAlive.add(answering);
      const closed = new Promise<void>((resolve) => arrival.outgoing.once("close", resolve));
      await watch.open(arrival.asker, session);
      await closed;
      stop();
      session.live.stream = null;
      watch.close(session);
    },
    end(arrival: Arrival): void {
      if (arrival.incoming.headers["mcp-session-id"] === undefined) throw notAllowed();
      sessions.end(sessionOf(arrival));
      new Answering(arrival.outgoing).end(null, 204);
    },
    close: () => sessions.close(),
  };
}

const empty: GateAnswer = { kind: "result", text: "{}", isError: false };

/** What wants no answer: a cancellation, or the client's answer to what we asked. */
function hear(session: Session, message: NotificationMessage | AnswerMessage): void {
  const { live } = session;
  if (message.kind === "answer") {
    live.asked.get(String(message.id))?.(message.answer);
    return;
  }
  if (message.method !== "notifications/cancelled") return;
  const { requestId } = message.params;
  if (typeof requestId !== "string" && typeof requestId !== "number") return;
  live.calls
    .get(JSON.stringify(requestId))
    ?.abort(new Fault("request_invalid", "The client cancelled the call."));
}
