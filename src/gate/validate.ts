import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { toCanonicalText } from "../model/index.ts";
import type { ArgumentProblem, CatalogTool } from "../ports/catalog.ts";
import type { GateRequest } from "../ports/gate.ts";
import type { Resolved } from "./resolve.ts";

/** What is decided on and what is sent: the same arguments, in the bytes that came where they can stay. */
export interface Validated {
  readonly args: Json;
  readonly canonical: string;
  readonly members: string;
}

/** Wrong arguments are the caller's: -32602, each with its place. */
export function validate(request: GateRequest, resolved: Resolved, maxProblems: number): Validated {
  const { params, argumentsText, method } = request;
  const target = JSON.stringify(resolved.target);
  if (method === "resources/read") return whole({ uri: resolved.target });
  if (method === "completion/complete") return whole(toCompletion(params, resolved.target));
  const given = params["arguments"];
  if (given !== undefined && !isObject(given))
    throw invalid([{ pointer: "", message: "is not an object" }]);
  const args = given ?? {};
  const filled = resolved.tool === null ? null : check(resolved.tool, args, maxProblems);
  const canonical = toCanonicalText(filled ?? args);
  const text = filled === null ? argumentsText : canonical;
  const members = text === null ? `"name":${target}` : `"name":${target},"arguments":${text}`;
  return { args: filled ?? args, canonical, members };
}

/** The arguments with defaults filled in, or null where nothing was to fill. */
function check(tool: CatalogTool, args: Json, maxProblems: number): Json | null {
  const verdict = tool.input(args);
  if (verdict.kind === "invalid") throw invalid(verdict.problems.slice(0, maxProblems));
  return verdict.filled;
}

function invalid(problems: readonly ArgumentProblem[]): RpcRefusal {
  const [first] = problems;
  const place =
    first === undefined || first.pointer === "" ? "arguments" : `arguments${first.pointer}`;
  return new RpcRefusal(
    rpcCodes.invalidParams,
    `Invalid arguments: ${place} ${first?.message ?? "is wrong"}`,
    {
      status: 200,
      data: { problems: problems.map(({ pointer, message }) => ({ pointer, message })) },
    },
  );
}

function whole(params: { readonly [key: string]: Json }): Validated {
  const canonical = toCanonicalText(params);
  return { args: params, canonical, members: canonical.slice(1, -1) };
}

function toCompletion(
  params: GateRequest["params"],
  target: string,
): { readonly [key: string]: Json } {
  const { ref, argument, context } = params;
  if (!isObject(ref) || !isObject(argument)) {
    throw new RpcRefusal(rpcCodes.invalidParams, "params.argument is an object.", { status: 200 });
  }
  const named = ref["type"] === "ref/prompt" ? { ...ref, name: target } : ref;
  return { ref: named, argument, ...(context === undefined ? {} : { context }) };
}
