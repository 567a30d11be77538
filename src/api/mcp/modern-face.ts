import type { IncomingMessage } from "node:http";
import { metaKeys } from "../../mcp/protocol.ts";
import { isObject, type Body, type RequestMessage } from "../../mcp/read-message.ts";
import { checkMirrored, checkModernRequest, type HeaderOf } from "../../mcp/request-headers.ts";
import { RpcRefusal, rpcCodes, toRpcError } from "../../mcp/rpc-error.ts";
import { writeError, writeNotification, writeResult } from "../../mcp/write-message.ts";
import { Fault, faults } from "../../model/index.ts";
import type { ClientCapabilities } from "../../model/protocol.ts";
import type { GateAnswer } from "../../ports/gate.ts";
import { Answering } from "./answering.ts";
import { toDiscoverResult, toolsetOf } from "./discover.ts";
import type { Arrival, FaceOptions } from "./arrival.ts";
import { createListens } from "./listens.ts";

/** The protocol without sessions: each POST says who asks, what it speaks, and what it wants. */
export function createModernFace(options: FaceOptions) {
  const listens = createListens(options);

  async function answer(
    arrival: Arrival,
    message: RequestMessage,
    answering: Answering,
  ): Promise<GateAnswer> {
    const { asker } = arrival;
    const catalog = options.catalog();
    const toolset = toolsetOf(catalog, asker.toolset);
    if (message.method === "server/discover") {
      return {
        kind: "result",
        text: toDiscoverResult(catalog, toolset, options.version),
        isError: false,
      };
    }
    if (message.method === "tools/call") {
      const tool = toolset.tools.get(String(message.params["name"]));
      if (tool !== undefined) checkMirrored(message, tool.mirrored, headersOf(arrival.incoming));
    }
    return options.gate.exchange({
      ...{ principal: asker.principal, toolset: asker.toolset, signal: asker.signal },
      ...{ method: message.method, params: message.params, argumentsText: message.argumentsText },
      client: {
        era: "modern",
        version: "2026-07-28",
        capabilities: capabilitiesOf(message),
        ask: null,
      },
      deadlineMs: options.limits().callMs,
      onNotification: ({ method, params }) =>
        void answering.send(writeNotification(method, params)),
    });
  }

  return {
    async post(arrival: Arrival, body: Body): Promise<void> {
      const message = body.kind === "single" ? body.message : null;
      if (message?.kind === "notification") return new Answering(arrival.outgoing).end(null, 202);
      if (message?.kind !== "request") {
        throw new RpcRefusal(rpcCodes.invalidRequest, "The body is one request or notification.");
      }
      const answering = new Answering(arrival.outgoing);
      try {
        checkModernRequest(message, headersOf(arrival.incoming));
        if (message.method === "subscriptions/listen")
          return await listens.open(arrival, message, answering);
        const answered = await answer(arrival, message, answering);
        if (answered.kind === "error") answering.end(writeError(message.id, answered.error));
        else answering.end(writeResult(message.id, answered.text));
      } catch (error) {
        refuseRequest(answering, message.id, error);
      }
    },
    close: () => listens.close(),
  };
}

/** A fault of a call is an answer to it; what is wrong with the request has its HTTP status. */
export function refuseRequest(
  answering: Answering,
  id: RequestMessage["id"],
  error: unknown,
): void {
  if (error instanceof RpcRefusal) {
    const { code, message, data, status } = error;
    answering.end(
      writeError(id, { code, message, ...(data === undefined ? {} : { data }) }),
      status,
    );
    return;
  }
  if (!(error instanceof Fault)) throw error;
  const { status } = faults[error.code];
  // What a proxy must not repeat or hold against this server stays an answer of the protocol.
  answering.end(
    writeError(id, toRpcError(error)),
    status === 403 || status === 404 || status === 429 || status === 503 ? status : 200,
  );
}

export function headersOf({ headers }: IncomingMessage): HeaderOf {
  return (name) => {
    const value = headers[name];
    return typeof value === "string" ? value : null;
  };
}

function capabilitiesOf({ params }: RequestMessage): ClientCapabilities {
  const meta = params["_meta"];
  return (isObject(meta) ? meta[metaKeys.clientCapabilities] : {}) as ClientCapabilities;
}
