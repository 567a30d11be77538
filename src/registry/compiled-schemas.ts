import { findMirrored } from "../mcp/find-mirrored.ts";
import type { CatalogTool } from "../ports/catalog.ts";
import type { Definition } from "./definition.ts";
import { compileInput, compileOutput, type CompiledInput } from "./schema-check.ts";

/** What takes long to make of a definition, whatever configuration says of its tool. */
export interface CompiledSchema extends Pick<CatalogTool, "output" | "mirrored"> {
  readonly input: CompiledInput;
}

/** Compiled once for each definition: tools that differ in configuration alone share it. */
export interface CompiledSchemas {
  has(definition: Definition): boolean;
  of(definition: Definition): CompiledSchema;
}

const maxCompiledDefault = 20_000;

/** At the bound what was compiled first goes, and is compiled again if it is asked for. */
export function createCompiledSchemas(maxCompiled = maxCompiledDefault): CompiledSchemas {
  const compiled = new Map<string, CompiledSchema>();
  return {
    has: ({ text }) => compiled.has(text),
    of(definition) {
      const known = compiled.get(definition.text);
      if (known !== undefined) return known;
      if (compiled.size >= maxCompiled) compiled.delete(compiled.keys().next().value!);
      const made = compile(definition);
      compiled.set(definition.text, made);
      return made;
    },
  };
}

function compile({ value }: Definition): CompiledSchema {
  const output = value["outputSchema"] === undefined ? null : compileOutput(value["outputSchema"]);
  const mirrored = findMirrored(value["inputSchema"]!);
  return {
    input: compileInput(value["inputSchema"]!),
    output: output?.kind === "compiled" ? output.check : null,
    mirrored: typeof mirrored === "string" ? [] : mirrored,
  };
}
