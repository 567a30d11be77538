import type { RequestMessage } from "../../mcp/read-message.ts";
import { writeNotification } from "../../mcp/write-message.ts";
import type { GateAnswer, GateClient } from "../../ports/gate.ts";
import type { AskAnswer } from "../../ports/upstream.ts";
import type { Answering } from "./answering.ts";
import type { Arrival, FaceOptions } from "./arrival.ts";
import { toAskId } from "./session-relay.ts";
import type { Session } from "./sessions.ts";

export interface LegacyCall {
  readonly arrival: Arrival;
  readonly session: Session;
  readonly answering: Answering;
  readonly message: RequestMessage;
  readonly isBatch: boolean;
}

const maxCalls = 10_000;
/** Levels of RFC 5424, least severe first. */
const levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/** A call of a session: what its server asks in between goes out on the stream of its answer. */
export function createLegacyCall({
  gate,
  limits,
  owner,
}: Pick<FaceOptions, "gate" | "limits" | "owner">) {
  return {
    async exchange(call: LegacyCall): Promise<GateAnswer> {
      const { arrival, session, answering, message, isBatch } = call;
      const { asker } = arrival;
      const key = JSON.stringify(message.id);
      // A message of a batch shares its request with the others, but not its end.
      const cancel = isBatch ? new AbortController() : asker.cancel;
      if (session.live.calls.size < maxCalls) session.live.calls.set(key, cancel);
      try {
        return await gate.exchange({
          principal: asker.principal,
          roles: asker.roles,
          context: session.mark,
          toolset: asker.toolset,
          cancel,
          method: message.method,
          params: message.params,
          argumentsText: message.argumentsText,
          client: toClient(session, answering, owner),
          deadlineMs: limits().callMs,
          onNotification: ({ method, params }) => {
            if (
              method === "notifications/message" &&
              isBelow(params["level"], session.live.logLevel)
            )
              return;
            answering.send(writeNotification(method, params));
          },
        });
      } finally {
        session.live.calls.delete(key);
      }
    },
  };
}

function isBelow(level: unknown, wanted: string): boolean {
  const at = levels.indexOf(String(level));
  return at >= 0 && at < levels.indexOf(wanted);
}

function toClient(
  { version, capabilities, live }: Session,
  answering: Answering,
  owner: string,
): GateClient {
  return {
    era: "legacy",
    version,
    capabilities,
    ask: (method, params, signal) => {
      const id = toAskId(owner, live.nextAsk++);
      return new Promise<AskAnswer>((resolve, reject) => {
        const onAbort = (): void => {
          live.asked.delete(id);
          reject(signal.reason as Error);
        };
        live.asked.set(id, (answer) => {
          live.asked.delete(id);
          signal.removeEventListener("abort", onAbort);
          resolve(answer);
        });
        signal.addEventListener("abort", onAbort, { once: true });
        const text = JSON.stringify({ jsonrpc: "2.0", id, method, params });
        if (!answering.send(text)) onAbort();
      });
    },
  };
}
