import type { Json } from "../../lib/strict-json.ts";
import { metaKeys } from "../../mcp/protocol.ts";
import { isObject, type RequestMessage } from "../../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../../mcp/rpc-error.ts";
import { writeNotification, writeResult } from "../../mcp/write-message.ts";
import { Fault } from "../../model/index.ts";
import type { WatchFilter } from "../../ports/watch.ts";
import type { Answering } from "./answering.ts";
import type { Arrival, FaceOptions } from "./arrival.ts";
import type { createKeepAlive } from "./keep-alive.ts";

const maxListens = 10_000;
const maxUris = 1_000;

/** `subscriptions/listen`: streams that end when the client leaves or the server stops. */
export function createListens(
  { watch }: Pick<FaceOptions, "watch">,
  keepAlive: ReturnType<typeof createKeepAlive>,
) {
  const open = new Set<() => void>();

  return {
    async open(
      { asker, outgoing }: Arrival,
      message: RequestMessage,
      answering: Answering,
    ): Promise<void> {
      if (open.size >= maxListens)
        throw new Fault("overloaded", "Too many clients listen already.");
      const subscription = { [metaKeys.subscription]: message.id };
      const early: string[] = [];
      let isAcknowledged = false;
      const send = (method: string, params: Readonly<Record<string, Json>>): void => {
        const meta = isObject(params["_meta"]) ? params["_meta"] : {};
        const text = writeNotification(method, { ...params, _meta: { ...meta, ...subscription } });
        // Nothing comes before the acknowledgment.
        if (isAcknowledged) answering.send(text);
        else if (early.length < maxUris) early.push(text);
      };
      const watching = await watch.open({
        principal: asker.principal,
        roles: asker.roles,
        toolset: asker.toolset,
        filter: readFilter(message),
        onNotification: ({ method, params }) => send(method, params),
        onEnd: () => answering.end(writeResult(message.id, toEnd(subscription))),
      });
      const params = { notifications: toNotifications(watching.granted), _meta: subscription };
      answering.send(writeNotification("notifications/subscriptions/acknowledged", params));
      isAcknowledged = true;
      for (const text of early) answering.send(text);
      await new Promise<void>((resolve) => {
        const end = (): void => answering.end(writeResult(message.id, toEnd(subscription)));
        const stop = keepAlive.add(answering);
        open.add(end);
        outgoing.once("close", () => {
          open.delete(end);
          stop();
          watching.close();
          resolve();
        });
      });
    },
    close() {
      for (const end of open) end();
    },
  };
}

function toEnd(subscription: { readonly [key: string]: Json }): string {
  return JSON.stringify({ resultType: "complete", _meta: subscription });
}

function readFilter({ params }: RequestMessage): WatchFilter {
  const wanted = params["notifications"];
  if (!isObject(wanted))
    throw new RpcRefusal(rpcCodes.invalidParams, "params.notifications is an object.");
  const uris = wanted["resourceSubscriptions"] ?? [];
  if (
    !Array.isArray(uris) ||
    uris.length > maxUris ||
    uris.some((uri) => typeof uri !== "string")
  ) {
    throw new RpcRefusal(
      rpcCodes.invalidParams,
      `resourceSubscriptions is a list of at most ${maxUris} URIs.`,
    );
  }
  return {
    tools: wanted["toolsListChanged"] === true,
    prompts: wanted["promptsListChanged"] === true,
    resources: wanted["resourcesListChanged"] === true,
    updated: uris as string[],
  };
}

function toNotifications({
  tools,
  prompts,
  resources,
  updated,
}: WatchFilter): Readonly<Record<string, Json>> {
  return {
    ...(tools ? { toolsListChanged: true } : {}),
    ...(prompts ? { promptsListChanged: true } : {}),
    ...(resources ? { resourcesListChanged: true } : {}),
    ...(updated.length > 0 ? { resourceSubscriptions: updated } : {}),
  };
}
