import type { IncomingMessage } from "node:http";
import { metaKeys, modernVersion } from "../../mcp/protocol.ts";
import { isObject, type Body, type RequestMessage } from "../../mcp/read-message.ts";
import { checkMirrored, checkModernRequest, type HeaderOf } from "../../mcp/request-headers.ts";
import { RpcRefusal, rpcCodes } from "../../mcp/rpc-error.ts";
import { writeError, writeNotification, writeResult } from "../../mcp/write-message.ts";
import type { ClientCapabilities } from "../../model/protocol.ts";
import type { GateAnswer } from "../../ports/gate.ts";
import { Answering } from "./answering.ts";
import { resolveToolset } from "../../gate/resolve.ts";
import { toDiscoverResult } from "./discover.ts";
import type { Arrival, FaceOptions } from "./arrival.ts";
import { createKeepAlive } from "./keep-alive.ts";
import { createListens } from "./listens.ts";
import { refuseRequest } from "./refuse.ts";

/** The protocol without sessions: each POST says who asks, what it speaks, and what it wants. */
export class ModernFace {
  readonly #options: FaceOptions;
  readonly #listens: ReturnType<typeof createListens>;
  readonly #keepAlive: ReturnType<typeof createKeepAlive>;

  constructor(options: FaceOptions) {
    this.#options = options;
    this.#keepAlive = createKeepAlive(options.clock);
    this.#listens = createListens(options, this.#keepAlive);
  }

  async post(arrival: Arrival, body: Body): Promise<void> {
    const message = body.kind === "single" ? body.message : null;
    if (message?.kind === "notification") return new Answering(arrival.outgoing).end(null, 202);
    if (message?.kind !== "request") {
      throw new RpcRefusal(rpcCodes.invalidRequest, "The body is one request or one notification.");
    }
    const answering = new Answering(arrival.outgoing);
    const stop = this.#keepAlive.add(answering);
    try {
      checkModernRequest(message, headersOf(arrival.incoming));
      if (message.method === "subscriptions/listen") {
        return await this.#listens.open(arrival, message, answering);
      }
      const answered = await this.#answer(arrival, message, answering);
      if (answered.kind === "error") {
        // The protocol gives a missing capability a status of its own, whoever found it missing.
        const status = answered.error.code === rpcCodes.missingCapability ? 400 : 200;
        answering.end(writeError(message.id, answered.error), status);
      } else answering.end(writeResult(message.id, answered.text));
    } catch (error) {
      refuseRequest(answering, message.id, error);
    } finally {
      stop();
    }
  }

  close(): void {
    this.#listens.close();
  }

  async #answer(
    { asker, incoming }: Arrival,
    message: RequestMessage,
    answering: Answering,
  ): Promise<GateAnswer> {
    const { gate, limits, version } = this.#options;
    const catalog = this.#options.catalog();
    const toolset = resolveToolset(catalog, asker);
    if (message.method === "server/discover") {
      const text = toDiscoverResult(catalog, toolset, version);
      return { kind: "result", text, isError: false };
    }
    if (message.method === "tools/call") {
      const tool = toolset.tools.get(textOf(message.params["name"]));
      if (tool !== undefined) checkMirrored(message, tool.mirrored, headersOf(incoming));
    }
    return gate.exchange({
      principal: asker.principal,
      roles: asker.roles,
      context: contextOf(message),
      toolset: asker.toolset,
      cancel: asker.cancel,
      method: message.method,
      params: message.params,
      argumentsText: message.argumentsText,
      client: {
        era: "modern",
        version: modernVersion,
        capabilities: capabilitiesOf(message),
        ask: null,
      },
      deadlineMs: limits().callMs,
      onNotification: ({ method, params }) =>
        void answering.send(writeNotification(method, params)),
    });
  }
}

/** A client that runs several conversations under one key keeps their labels apart by naming them. */
function contextOf({ params }: RequestMessage): string {
  const meta = params["_meta"];
  const named = isObject(meta) ? meta[contextKey] : undefined;
  return typeof named === "string" && named.length <= 128 ? named : "";
}

const contextKey = "dev.countersign/context";

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

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
