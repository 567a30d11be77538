import type { Json } from "../lib/strict-json.ts";
import type { ClientCapabilities, RpcError } from "../model/protocol.ts";
import { isObject, type Params } from "./read-message.ts";
import { rpcCodes } from "./rpc-error.ts";

/** What a server may ask of a client in the middle of a call, in either era. */
export interface Ask {
  readonly method: string;
  readonly params: Params;
}

/** Whether the client said that it can be asked this. */
export function canAsk(capabilities: ClientCapabilities, { method, params }: Ask): boolean {
  switch (method) {
    case "elicitation/create": {
      const { elicitation } = capabilities;
      if (elicitation === undefined) return false;
      // An empty object is how the form alone was declared before there was another mode.
      const isForm = elicitation.form !== undefined || elicitation.url === undefined;
      return params["mode"] === "url" ? elicitation.url !== undefined : isForm;
    }
    case "sampling/createMessage":
      return capabilities.sampling !== undefined;
    case "roots/list":
      return capabilities.roots !== undefined;
    default:
      return false;
  }
}

/** From a legacy server's request to what stands in `inputRequests`: its id of a URL is its own affair. */
export function toNativeAsk({ method, params }: Ask): Params {
  if (method !== "elicitation/create") return params;
  const { elicitationId: _, ...rest } = params;
  return rest["mode"] === undefined ? { ...rest, mode: "form" } : rest;
}

/** From `inputRequests` to a request to a legacy client; null for what is not one. */
export function toClientAsk(wanted: Json, key: string): Ask | null {
  if (!isObject(wanted) || typeof wanted["method"] !== "string") return null;
  const { method } = wanted;
  const params = isObject(wanted["params"]) ? wanted["params"] : {};
  if (method !== "elicitation/create" || params["mode"] !== "url") return { method, params };
  // Legacy clients tell URLs apart by an id, which the native protocol has no more.
  return { method, params: { ...params, elicitationId: key } };
}

/** A legacy error that sends the person to URLs first, as `inputRequests`; null for any other error. */
export function urlAsksOf({ code, data }: RpcError): Readonly<Record<string, Json>> | null {
  if (
    code !== rpcCodes.urlElicitationRequired ||
    !isObject(data) ||
    !Array.isArray(data["elicitations"])
  )
    return null;
  const asks = (data["elicitations"] as readonly Json[]).filter(isObject).map((params, index) => {
    const ask = {
      method: "elicitation/create",
      params: { ...toNativeAsk({ method: "elicitation/create", params }), mode: "url" },
    };
    return [`url-${index + 1}`, ask] as const;
  });
  return asks.length === 0 ? null : Object.fromEntries(asks);
}
