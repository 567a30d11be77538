import type { Json } from "../lib/strict-json.ts";
import type { ParameterTypes } from "../model/parameter-types.ts";
import { checkDeclaration } from "../policy/parameters/check-declaration.ts";
import { compileParameterChecks } from "../policy/parameters/parameter-checks.ts";
import type { ArgumentCheck } from "../ports/catalog.ts";
import { compileInput } from "./schema-check.ts";

/** The schema of the pinned definition, then what configuration says the arguments are beyond it. */
export function compileArguments(
  schema: Json,
  types: ParameterTypes | undefined,
  input = compileInput(schema),
): ArgumentCheck {
  if (input.kind !== "compiled") return refuseAll(input.reason);
  if (types === undefined) return input.check;
  // A definition that was accepted without the argument would leave it unchecked (I14).
  const [stray] = checkDeclaration(types, schema);
  if (stray !== undefined)
    return refuseAll(`parameters of countersign.yaml: ${stray.pointer} ${stray.message}`);
  const check = compileParameterChecks(types);
  return (args) => {
    const verdict = input.check(args);
    if (verdict.kind === "invalid") return verdict;
    const problems = check(verdict.filled ?? args);
    return problems.length === 0 ? verdict : { kind: "invalid", problems };
  };
}

/** A schema that cannot be checked is one that nothing fits (I14). */
function refuseAll(reason: string): ArgumentCheck {
  return () => ({
    kind: "invalid",
    problems: [{ pointer: "", message: `cannot be checked: ${reason}` }],
  });
}
