import { isObject } from "../mcp/read-message.ts";
import type { Catalog, CatalogTool } from "../ports/catalog.ts";
import type { Json } from "../lib/strict-json.ts";

export interface LintFinding {
  readonly tool: string;
  readonly rule: "granular" | "overloaded" | "duplicate" | "unversioned" | "undescribed";
  readonly message: string;
}

/** More parameters than a model fills in reliably. */
const manyParameters = 15;
/** As many tools of one server that begin alike are one tool with a parameter. */
const manyAlike = 8;

/** What makes tools hard to choose and to call. Advice, never a block. */
export function lintTools(catalog: Catalog): readonly LintFinding[] {
  const tools = [...catalog.toolsets.get("")!.tools.values()];
  return [
    ...tools.flatMap(findUndescribed),
    ...tools.flatMap(findOverloaded),
    ...findDuplicates(tools),
    ...findGranular(tools),
    ...findUnversioned(catalog),
  ];
}

function schemaOf({ text }: CatalogTool): { readonly [key: string]: Json } {
  const definition = JSON.parse(text) as { inputSchema?: Json };
  return isObject(definition.inputSchema) ? definition.inputSchema : {};
}

function findUndescribed(tool: CatalogTool): readonly LintFinding[] {
  const found: LintFinding[] = [];
  const { exposed, description } = tool;
  if (description.trim().length < 10) {
    found.push({ tool: exposed, rule: "undescribed", message: "it hardly says what it does" });
  }
  const { properties } = schemaOf(tool);
  for (const [name, value] of Object.entries(isObject(properties) ? properties : {})) {
    if (isObject(value) && typeof value["description"] === "string") continue;
    found.push({
      tool: exposed,
      rule: "undescribed",
      message: `the parameter ${name} is not described`,
    });
  }
  return found;
}

function findOverloaded(tool: CatalogTool): readonly LintFinding[] {
  const { properties } = schemaOf(tool);
  const count = isObject(properties) ? Object.keys(properties).length : 0;
  if (count <= manyParameters) return [];
  return [{ tool: tool.exposed, rule: "overloaded", message: `it takes ${count} parameters` }];
}

function findDuplicates(tools: readonly CatalogTool[]): readonly LintFinding[] {
  const seen = new Map<string, string>();
  return tools.flatMap(({ exposed, description }): readonly LintFinding[] => {
    const words = description
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
      .trim();
    const other = words.length < 10 ? undefined : seen.get(words);
    if (other === undefined) {
      seen.set(words, exposed);
      return [];
    }
    return [{ tool: exposed, rule: "duplicate", message: `it is described as ${other} is` }];
  });
}

function findGranular(tools: readonly CatalogTool[]): readonly LintFinding[] {
  const groups = new Map<string, string[]>();
  for (const { server, name, exposed } of tools) {
    const key = `${server}\n${name.split(/[_-]/, 1)[0]}`;
    groups.set(key, [...(groups.get(key) ?? []), exposed]);
  }
  return [...groups.values()]
    .filter((group) => group.length >= manyAlike)
    .map((group) => ({
      tool: group[0]!,
      rule: "granular" as const,
      message: `${group.length} tools begin like this one; a model chooses more surely among fewer`,
    }));
}

function findUnversioned(catalog: Catalog): readonly LintFinding[] {
  return [...catalog.servers.values()].flatMap(
    ({ name, state, serverVersion }): readonly LintFinding[] =>
      state.kind !== "ready" || serverVersion !== null
        ? []
        : [{ tool: name, rule: "unversioned", message: "the server does not say its version" }],
  );
}
