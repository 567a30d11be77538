import type { Json } from "../lib/strict-json.ts";
import { Fault } from "../model/fault.ts";

/** Programs of others that speak MCP, and where each keeps the servers that it uses. */
export interface ClientProgram {
  readonly title: string;
  /** The member of its file that holds the servers. */
  readonly member: "mcpServers" | "servers";
  /** VS Code wants to be told the transport; the others tell it by what is there. */
  readonly hasType: boolean;
  readonly place: (places: Places) => string;
}

export interface Places {
  readonly home: string;
  readonly platform: string;
  /** Of Windows; null elsewhere. */
  readonly appData: string | null;
}

export const clientPrograms = {
  "claude-code": {
    title: "Claude Code",
    member: "mcpServers",
    hasType: false,
    place: () => ".mcp.json",
  },
  "claude-desktop": {
    title: "Claude Desktop",
    member: "mcpServers",
    hasType: false,
    place: ({ home, platform, appData }) => {
      const file = "Claude/claude_desktop_config.json";
      if (platform === "darwin") return `${home}/Library/Application Support/${file}`;
      return platform === "win32" ? `${appData ?? home}/${file}` : `${home}/.config/${file}`;
    },
  },
  cursor: {
    title: "Cursor",
    member: "mcpServers",
    hasType: false,
    place: ({ home }) => `${home}/.cursor/mcp.json`,
  },
  vscode: {
    title: "VS Code",
    member: "servers",
    hasType: true,
    place: () => ".vscode/mcp.json",
  },
} as const satisfies Record<string, ClientProgram>;
export type ClientName = keyof typeof clientPrograms;

export function isClientName(name: string): name is ClientName {
  return Object.hasOwn(clientPrograms, name);
}

export type JsonObject = { readonly [key: string]: Json };

/** What another program's file holds; comments and trailing commas are read over. */
export function readClientFile(file: string, text: string): JsonObject {
  const plain = stripComments(text);
  try {
    const read = JSON.parse(plain.trim() === "" ? "{}" : plain) as Json;
    if (isObject(read)) return read;
  } catch (cause) {
    throw new Fault("usage_invalid", `${file} is not JSON: ${(cause as Error).message}`, {
      cause,
      details: { file },
    });
  }
  throw new Fault("usage_invalid", `${file} does not hold an object.`, { details: { file } });
}

/** Whether writing the file anew would lose nothing but its spaces. */
export function isPlainJson(text: string): boolean {
  try {
    JSON.parse(text.trim() === "" ? "{}" : text);
    return true;
  } catch {
    return false;
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Strings stay whole; what is between them loses its comments and its last commas. */
function stripComments(text: string): string {
  const pieces = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\/|,(?=\s*[}\]])/g;
  return text.replaceAll(pieces, (piece) => (piece.startsWith('"') ? piece : ""));
}
