import type { Json } from "../lib/strict-json.ts";
import type { ServerConfig, ToolConfig } from "../model/config-servers.ts";
import type { Digest } from "../model/index.ts";

/**
 * What can be reached, as one frozen value: made by the registry whenever something changed, read by
 * the gate on every call. A call reads it once and keeps what it read.
 */
export interface Catalog {
  /** Of everything below: what a listing's cursor and a cached listing belong to. */
  readonly digest: Digest;
  readonly servers: ReadonlyMap<string, CatalogServer>;
  /** By name; `""` is the toolset of `/mcp` itself. */
  readonly toolsets: ReadonlyMap<string, CatalogToolset>;
}

export interface CatalogServer {
  readonly name: string;
  readonly config: ServerConfig;
  readonly state: ServerState;
  /** When it was last listed; null for a server that never was. */
  readonly listedAtMs: number | null;
  /** What the server says it can do: `resources.subscribe`, `logging`, `completions`… */
  readonly capabilities: Readonly<Record<string, Json>>;
  readonly instructions: string | null;
  /** What the server calls its own version. */
  readonly serverVersion: string | null;
}

/** A server that is not ready keeps its last known definitions; calls to it end with a fault. */
export type ServerState =
  | { readonly kind: "connecting" }
  | { readonly kind: "ready"; readonly era: "modern" | "legacy"; readonly version: string }
  | {
      readonly kind: "down";
      readonly fault: string;
      readonly message: string;
      readonly sinceMs: number;
    };

export interface CatalogToolset {
  readonly name: string;
  /** By exposed name, in the order in which they are listed. */
  readonly tools: ReadonlyMap<string, CatalogTool>;
  readonly prompts: ReadonlyMap<string, CatalogPrompt>;
  /** By URI. */
  readonly resources: ReadonlyMap<string, CatalogResource>;
  readonly templates: readonly CatalogTemplate[];
  readonly servers: readonly string[];
  /** Servers whose definitions here are the last known ones, or missing: named in the listing. */
  readonly gaps: readonly string[];
  readonly instructions: string | null;
  /** Whether find, describe and call tools stand in for the list. */
  readonly search: boolean;
  /** Whether `call_tools` is offered besides. */
  readonly batch: boolean;
  /** Whether a denial names its rule to the caller. */
  readonly reveal: "explain" | "hide";
}

export type Effect = "read" | "write" | "destructive";

export interface CatalogTool {
  readonly exposed: string;
  readonly server: string;
  /** As the server calls it. */
  readonly name: string;
  readonly title: string | null;
  readonly description: string;
  /** Of the accepted definition: what calls are validated and recorded against. */
  readonly pin: Digest;
  /** Of the definition that is called: the pin, or one that differs from it harmlessly. */
  readonly acting: Digest;
  /** The definition as it is shown, its name exposed: JSON text of one object. */
  readonly text: string;
  readonly effect: Effect;
  readonly idempotent: boolean;
  readonly config: ToolConfig;
  readonly blocked: Blocked | null;
  /** Endpoints whose own definition fits the pin; null: whichever there are. */
  readonly endpoints: readonly string[] | null;
  readonly input: ArgumentCheck;
  readonly output: ResultCheck | null;
  /** `x-mcp-header` names of the schema with the path of the argument each mirrors. */
  readonly mirrored: readonly { readonly header: string; readonly path: readonly string[] }[];
}

/** Not callable until a person accepts the difference. */
export interface Blocked {
  readonly grade: "breaking" | "dangerous";
  readonly observed: Digest | null;
  readonly reasons: readonly string[];
}

/** Compiled once a definition. */
export type ArgumentCheck = (args: Json) => ArgumentVerdict;
export type ArgumentVerdict =
  | {
      readonly kind: "valid";
      /** The arguments with the schema's defaults filled in, or null where nothing was to fill. */
      readonly filled: Json | null;
    }
  | { readonly kind: "invalid"; readonly problems: readonly ArgumentProblem[] };
export interface ArgumentProblem {
  /** JSON Pointer into the arguments. */
  readonly pointer: string;
  readonly message: string;
}
export type ResultCheck = (structured: Json) => readonly ArgumentProblem[];

export interface CatalogPrompt {
  readonly exposed: string;
  readonly server: string;
  readonly name: string;
  readonly text: string;
}
export interface CatalogResource {
  readonly uri: string;
  readonly server: string;
  readonly text: string;
}
export interface CatalogTemplate {
  readonly template: string;
  readonly server: string;
  readonly text: string;
  readonly matches: (uri: string) => boolean;
}

/** The server that listed the URI, or whose template it fits; the only server there is, else. */
export function serverOfUri(toolset: CatalogToolset, uri: string): string | null {
  const { resources, templates, servers } = toolset;
  const listed = resources.get(uri) ?? templates.find(({ matches }) => matches(uri));
  return listed?.server ?? (servers.length === 1 ? servers[0]! : null);
}
