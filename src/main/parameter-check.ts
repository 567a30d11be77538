import type { Json } from "../lib/strict-json.ts";
import type { Config } from "../model/config.ts";
import type { ToolConfig } from "../model/config-tool.ts";
import { checkDeclaration } from "../policy/parameters/check-declaration.ts";
import type { DeepProblem, PolicyCheckOptions } from "./policy-check.ts";

/** Parameters that are declared for an argument which the pinned tool has not. */
export function createParameterCheck({ pins, tenant }: PolicyCheckOptions) {
  return async ({ servers }: Config): Promise<readonly DeepProblem[]> => {
    const found: DeepProblem[] = [];
    for (const [server, { tools }] of Object.entries(servers)) {
      for (const [tool, { parameters }] of Object.entries<ToolConfig>(tools)) {
        if (parameters === undefined) continue;
        const pin = await pins.get(tenant, server, tool);
        if (pin === null) continue;
        const schema = toInputSchema(pin.definition);
        for (const { pointer, message } of checkDeclaration(parameters, schema)) {
          const path = ["servers", server, "tools", tool, "parameters", pointer];
          found.push({ path, line: 1, message });
        }
      }
    }
    return found;
  };
}

function toInputSchema(definition: Uint8Array): Json {
  const value = JSON.parse(new TextDecoder().decode(definition)) as { readonly inputSchema: Json };
  return value.inputSchema;
}
