import type { RequestMessage } from "../../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../../mcp/rpc-error.ts";
import { writeNotification } from "../../mcp/write-message.ts";
import type { Asker, FaceOptions } from "./arrival.ts";
import type { Session } from "./sessions.ts";

const maxSubscribed = 1_000;

/** What a session is told on its standing stream: lists, and the resources that it subscribed to. */
export function createSessionWatch({ watch }: Pick<FaceOptions, "watch">) {
  async function open({ principal, roles, toolset }: Asker, session: Session): Promise<void> {
    const { live } = session;
    const watching = await watch.open({
      principal,
      roles,
      toolset,
      filter: {
        tools: true,
        prompts: true,
        resources: true,
        updated: [...live.subscribed],
      },
      onNotification: ({ method, params }) =>
        void live.stream?.send(writeNotification(method, params)),
      onEnd: () => live.stream?.end(null),
    });
    live.closeWatch?.();
    live.closeWatch = () => watching.close();
  }

  return {
    open,
    close({ live }: Session): void {
      live.closeWatch?.();
      live.closeWatch = null;
    },
    async subscribe(
      asker: Asker,
      session: Session,
      { method, params }: RequestMessage,
    ): Promise<void> {
      const { uri } = params;
      const { live } = session;
      if (typeof uri !== "string")
        throw new RpcRefusal(rpcCodes.invalidParams, "params.uri is a string.", { status: 200 });
      if (method === "resources/unsubscribe") live.subscribed.delete(uri);
      else if (live.subscribed.size >= maxSubscribed) {
        throw new RpcRefusal(
          rpcCodes.invalidParams,
          `A session subscribes to at most ${maxSubscribed} resources.`,
          { status: 200 },
        );
      } else live.subscribed.add(uri);
      if (live.stream !== null) await open(asker, session);
    },
  };
}
