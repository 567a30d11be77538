export const modernVersion = "2026-07-28";
/** Newest first: the order in which they are offered. */
export const legacyVersions = ["2025-11-25", "2025-06-18", "2025-03-26"] as const;
export type LegacyVersion = (typeof legacyVersions)[number];
export type ProtocolVersion = typeof modernVersion | LegacyVersion;
/** Spoken over HTTP+SSE alone, and to upstreams alone. */
export const sseVersion = "2024-11-05";

export const supportedVersions: readonly ProtocolVersion[] = [modernVersion, ...legacyVersions];

export function isLegacyVersion(version: unknown): version is LegacyVersion {
  return legacyVersions.includes(version as LegacyVersion);
}

/** The only version with arrays of messages in one body. */
export const batchVersion = "2025-03-26";

export const metaKeys = {
  version: "io.modelcontextprotocol/protocolVersion",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  logLevel: "io.modelcontextprotocol/logLevel",
  subscription: "io.modelcontextprotocol/subscriptionId",
} as const;
