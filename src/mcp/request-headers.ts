import { metaKeys, modernVersion, supportedVersions } from "./protocol.ts";
import { decodeHeaderValue } from "./header-value.ts";
import type { Mirrored } from "./mirrored.ts";
import { valueAt } from "./mirrored.ts";
import { isObject, type RequestMessage } from "./read-message.ts";
import { RpcRefusal, rpcCodes } from "./rpc-error.ts";

/** A header's value, lower-case name; null when it is absent. */
export type HeaderOf = (name: string) => string | null;

/** The modern protocol: what the headers say is what the body says, or the request is refused. */
export function checkModernRequest(message: RequestMessage, header: HeaderOf): void {
  const meta = message.params["_meta"];
  const version = isObject(meta) ? meta[metaKeys.version] : undefined;
  const capabilities = isObject(meta) ? meta[metaKeys.clientCapabilities] : undefined;
  if (typeof version !== "string" || !isObject(capabilities)) {
    const missing = typeof version !== "string" ? metaKeys.version : metaKeys.clientCapabilities;
    throw new RpcRefusal(rpcCodes.invalidParams, `params._meta lacks ${missing}.`);
  }
  const named = header("mcp-protocol-version");
  if (named === null) throw mismatch("The MCP-Protocol-Version header is missing.");
  if (named !== version)
    throw mismatch("The MCP-Protocol-Version header differs from params._meta.");
  if (version !== modernVersion) throw unsupportedVersion(version);
  checkHeader(header("mcp-method"), message.method, "Mcp-Method");
  const name = nameOf(message);
  if (name !== null) checkHeader(header("mcp-name"), name, "Mcp-Name");
}

export function unsupportedVersion(requested: string): RpcRefusal {
  return new RpcRefusal(rpcCodes.unsupportedVersion, "Unsupported protocol version", {
    data: { supported: [...supportedVersions], requested: requested.slice(0, 64) },
  });
}

/** `Mcp-Param-*`: present where the argument is, and the same; a number is compared as one. */
export function checkMirrored(
  message: RequestMessage,
  mirrored: readonly Mirrored[],
  header: HeaderOf,
): void {
  const args = message.params["arguments"] ?? {};
  for (const { header: name, path } of mirrored) {
    const value = valueAt(args, path);
    const given = header(`mcp-param-${name.toLowerCase()}`);
    if (value === undefined || value === null || typeof value === "object") {
      if (given !== null)
        throw mismatch(`The Mcp-Param-${name} header is there, its argument is not.`);
      continue;
    }
    if (typeof value === "number" && given !== null && Number(given) === value) continue;
    checkHeader(given, String(value), `Mcp-Param-${name}`);
  }
}

function nameOf({ method, params }: RequestMessage): string | null {
  const value = method === "resources/read" ? params["uri"] : params["name"];
  const isNamed =
    method === "tools/call" || method === "prompts/get" || method === "resources/read";
  return isNamed && typeof value === "string" ? value : null;
}

function checkHeader(given: string | null, expected: string, name: string): void {
  if (given === null) throw mismatch(`The ${name} header is missing.`);
  const decoded = decodeHeaderValue(given);
  if (decoded === null) throw mismatch(`The ${name} header is not a value of its encoding.`);
  if (decoded !== expected) throw mismatch(`The ${name} header differs from the body.`);
}

function mismatch(message: string): RpcRefusal {
  return new RpcRefusal(rpcCodes.headerMismatch, `Header mismatch: ${message}`);
}
