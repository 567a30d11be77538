import type { Json } from "../lib/strict-json.ts";
import type { Implementation } from "../model/protocol.ts";
import { legacyVersions, metaKeys, modernVersion, sseVersion } from "./protocol.ts";
import { isObject, type Params } from "./read-message.ts";
import { rpcCodes } from "./rpc-error.ts";

/** What a server says of itself when it is first spoken to, in either era. */
export interface ServerFacts {
  readonly era: "modern" | "legacy";
  readonly version: string;
  readonly serverInfo: Implementation | null;
  readonly capabilities: Readonly<Record<string, Json>>;
  readonly instructions: string | null;
}

/** Null when the server speaks no modern version of ours. */
export function fromDiscover(result: Params): ServerFacts | null {
  const { supportedVersions, capabilities, instructions, _meta: meta } = result;
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(modernVersion)) return null;
  return {
    era: "modern",
    version: modernVersion,
    serverInfo: toImplementation(isObject(meta) ? meta[metaKeys.serverInfo] : undefined),
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: toInstructions(instructions),
  };
}

/** What we offer when a session is opened: whatever a client of ours can be asked, we pass on. */
export const initializeParams = (version: string): Readonly<Record<string, Json>> => ({
  protocolVersion: legacyVersions[0],
  capabilities: {
    elicitation: { form: {}, url: {} },
    sampling: { tools: {}, context: {} },
    roots: { listChanged: false },
  },
  clientInfo: { name: "countersign", version },
});

/** Null when it answered with a version that we do not speak. */
export function fromInitialize(result: Params): ServerFacts | null {
  const { protocolVersion, serverInfo, capabilities, instructions } = result;
  const versions: readonly string[] = [...legacyVersions, sseVersion];
  if (typeof protocolVersion !== "string" || !versions.includes(protocolVersion)) return null;
  return {
    era: "legacy",
    version: protocolVersion,
    serverInfo: toImplementation(serverInfo),
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: toInstructions(instructions),
  };
}

const modernCodes: ReadonlySet<number> = new Set([
  rpcCodes.headerMismatch,
  rpcCodes.missingCapability,
  rpcCodes.unsupportedVersion,
]);

/** An error that only a server of the modern era gives. */
export function isModernError(code: number): boolean {
  return modernCodes.has(code);
}

function toImplementation(value: Json | undefined): Implementation | null {
  if (!isObject(value) || typeof value["name"] !== "string") return null;
  return {
    ...value,
    name: value["name"],
    version: typeof value["version"] === "string" ? value["version"] : "",
  };
}

const maxInstructions = 16_384;
function toInstructions(value: Json | undefined): string | null {
  return typeof value === "string" ? value.slice(0, maxInstructions) : null;
}
