import type { Json } from "../lib/strict-json.ts";
import type { ContextSource } from "../model/agent-context.ts";
import type { Bundle } from "../model/bundle.ts";
import type { Digest } from "../model/index.ts";
import { serverOfUri, type Catalog } from "../ports/catalog.ts";
import { toEffect, toToolset } from "./offered-tools.ts";

/** One that somebody else is asked for. */
export type AskedSource = Exclude<ContextSource, { kind: "text" | "profile" }>;

/** How a source is asked for at the gate. */
export interface FoundSource {
  readonly method: "tools/call" | "resources/read" | "prompts/get";
  readonly params: Readonly<Record<string, Json>>;
  readonly toolset: string;
  readonly pin: Digest | null;
}

/** By the server that its bundle names: another's that goes by the same name is not asked in its place. */
export function findSource(
  bundle: Bundle,
  catalog: Catalog,
  source: AskedSource,
): FoundSource | { readonly why: string } {
  if (source.kind === "tool") return findTool(bundle, catalog, source.tool);
  const { toolset: name } = bundle;
  const toolset = catalog.toolsets.get(name);
  if (toolset === undefined) return { why: "Its toolset is gone." };
  if (source.kind === "resource") {
    const { server, uri } = source;
    if (serverOfUri(toolset, uri) !== server)
      return { why: `The server ${server} has no such resource here.` };
    return { method: "resources/read", params: { uri }, toolset: name, pin: null };
  }
  const prompt = [...toolset.prompts.values()].find(
    (each) => each.server === source.server && each.name === source.prompt,
  );
  if (prompt === undefined) return { why: `The server ${source.server} has no such prompt here.` };
  return { method: "prompts/get", params: { name: prompt.exposed }, toolset: name, pin: null };
}

function findTool(
  bundle: Bundle,
  catalog: Catalog,
  exposed: string,
): FoundSource | { readonly why: string } {
  const pin = bundle.tools.find((tool) => tool.exposed === exposed)?.pin ?? null;
  const { effect, why } = toEffect(exposed, bundle, catalog);
  if (pin === null || effect === "refused") return { why: why ?? "There is no such tool." };
  if (effect !== "read") return { why: `${exposed} does more than read by now.` };
  const toolset = toToolset(bundle, exposed);
  return { method: "tools/call", params: { name: exposed }, toolset, pin };
}
