import type { Json } from "../lib/strict-json.ts";
import { isObject, type Params } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { Fault } from "../model/index.ts";
import type { CatalogToolset } from "../ports/catalog.ts";
import type { GateAnswer, GateRequest, OwnOutcomeName } from "../ports/gate.ts";
import { leftDoubt } from "./ending.ts";
import { ownPrefix, readOwnMeta } from "./own-meta.ts";
import { toInner } from "./tool-search.ts";

const maxCalls = 32;

/** Several calls in one request: each passes the gate by itself and has an outcome of its own. */
const callToolsDefinition = {
  name: "call_tools",
  description:
    "Makes several calls at once and answers with the outcome of each. Calls run side by side where that changes nothing: of one server, what has an effect keeps its place in the row. A call with `after` waits for those calls and is skipped unless all of them were answered.",
  inputSchema: {
    type: "object",
    properties: {
      calls: {
        type: "array",
        minItems: 1,
        maxItems: maxCalls,
        items: {
          type: "object",
          properties: {
            name: { type: "string", description: "Name of the tool." },
            arguments: { type: "object", description: "Arguments of that tool.", default: {} },
            after: {
              type: "array",
              items: { type: "integer", minimum: 0 },
              description: "Positions of earlier calls, from 0, that this one needs answered.",
            },
          },
          required: ["name"],
        },
      },
    },
    required: ["calls"],
  },
};
export const callToolsText = JSON.stringify(callToolsDefinition);

export function isCallTools({ batch }: CatalogToolset, { method, params }: GateRequest): boolean {
  return batch && method === "tools/call" && params["name"] === callToolsDefinition.name;
}

interface Wanted {
  readonly name: string;
  readonly args: Params;
  readonly after: readonly number[];
}

interface Ended {
  /** Of the gate's own words `asks` names an approval: once it is given, the call is sent again. */
  readonly outcome:
    | "answered"
    | "tool_error"
    | "refused"
    | "fault"
    | "skipped"
    | "needs_input"
    | OwnOutcomeName;
  readonly message: string | null;
  readonly content: readonly Json[];
  readonly structured: Json;
}

export interface CallToolsOptions {
  readonly toolset: CatalogToolset;
  readonly callOne: (request: GateRequest) => Promise<GateAnswer>;
  /** Of all the answers together. */
  readonly maxBytes: number;
}

export async function callTools(
  request: GateRequest,
  options: CallToolsOptions,
): Promise<GateAnswer> {
  const wanted = readCalls(request.params["arguments"]);
  const { key } = readOwnMeta(request.params["_meta"]);
  if (key !== null && key.length > maxKeyLength) {
    const message = `params._meta["${keyName}"] has at most ${maxKeyLength} characters for several calls.`;
    throw new RpcRefusal(rpcCodes.invalidParams, message, { status: 200 });
  }
  const ended: Promise<Ended>[] = [];
  let left = options.maxBytes;
  for (const [at, each] of wanted.entries()) {
    const before = toPredecessors(options.toolset, wanted, at).map((index) => ended[index]!);
    const needed = each.after.map((index) => ended[index]!);
    ended.push(
      (async () => {
        await Promise.all(before);
        const needs = await Promise.all(needed);
        if (needs.some(({ outcome }) => outcome !== "answered"))
          return toEnded("skipped", "a call that it comes after was not answered");
        const one = await makeCall(toKeyed(request, key, at), each, options);
        left -= JSON.stringify([one.content, one.structured]).length;
        return left >= 0 ? one : { ...one, content: [], structured: null, message: tooLong };
      })(),
    );
  }
  return render(wanted, await Promise.all(ended));
}

const keyName = `${ownPrefix}key`;
/** The place of the call in the row goes behind it. */
const maxKeyLength = 255 - `#${maxCalls}`.length;

/** The key is that of all of them together: each has its own by its place in the row. */
function toKeyed(request: GateRequest, key: string | null, at: number): GateRequest {
  const { _meta: meta } = request.params;
  if (key === null || !isObject(meta)) return request;
  return {
    ...request,
    params: { ...request.params, _meta: { ...meta, [keyName]: `${key}#${at}` } },
  };
}

const tooLong = "its answer is left out: the answers together are larger than one may be";

/** Of one server: an effect waits for all that stand before it, and all that follow wait for it. */
function toPredecessors(
  { tools }: CatalogToolset,
  wanted: readonly Wanted[],
  at: number,
): readonly number[] {
  const tool = tools.get(wanted[at]!.name);
  if (tool === undefined) return [];
  return wanted.slice(0, at).flatMap(({ name }, index) => {
    const other = tools.get(name);
    const isRelated = other !== undefined && other.server === tool.server;
    return isRelated && (tool.effect !== "read" || other.effect !== "read") ? [index] : [];
  });
}

async function makeCall(
  request: GateRequest,
  { name, args }: Wanted,
  { toolset, callOne }: CallToolsOptions,
): Promise<Ended> {
  const tool = toolset.tools.get(name);
  if (tool === undefined) return toEnded("refused", `there is no tool ${name.slice(0, 200)}`);
  // Each has a deadline of its own, so each has something of its own to be cancelled by.
  const cancel = new AbortController();
  const onAbort = (): void => cancel.abort(request.cancel.signal.reason);
  request.cancel.signal.throwIfAborted();
  request.cancel.signal.addEventListener("abort", onAbort, { once: true });
  try {
    // A question in the middle of one of many could not be told from another's.
    const client = { ...request.client, capabilities: {}, ask: null };
    return readAnswer(await callOne({ ...toInner(request, tool, args), client, cancel }));
  } catch (error) {
    if (request.cancel.signal.aborted) throw error;
    const isRefusal = error instanceof RpcRefusal;
    if (!isRefusal && !(error instanceof Fault)) throw error;
    if (leftDoubt(error)) return toEnded("unknown", error.message);
    return toEnded(isRefusal ? "refused" : "fault", error.message);
  } finally {
    request.cancel.signal.removeEventListener("abort", onAbort);
  }
}

function readAnswer(answer: GateAnswer): Ended {
  if (answer.kind === "error") return toEnded("tool_error", answer.error.message);
  const result = JSON.parse(answer.text) as Params;
  if (result["resultType"] === "input_required")
    return toEnded("needs_input", "it asks for something: call this tool by itself");
  const content = Array.isArray(result["content"]) ? (result["content"] as readonly Json[]) : [];
  const structured = result["structuredContent"] ?? null;
  const outcome = answer.outcome ?? (answer.isError ? "tool_error" : "answered");
  return { outcome, message: null, content, structured };
}

function toEnded(outcome: Ended["outcome"], message: string): Ended {
  return { outcome, message, content: [], structured: null };
}

/** Partial failure is said first, in words, so that nobody repeats what was done. */
function render(wanted: readonly Wanted[], ended: readonly Ended[]): GateAnswer {
  const failed = ended.filter(({ outcome }) => outcome !== "answered").length;
  const summary =
    failed === 0
      ? `All ${ended.length} calls were answered.`
      : `${ended.length - failed} of ${ended.length} calls were answered, ${failed} were not. Those that were answered are done: do not repeat them.`;
  const content = ended.flatMap(({ outcome, message, content: own }, at): Json[] => {
    const said = message === null ? "" : `: ${message}`;
    return [text(`#${at} ${wanted[at]!.name} ${outcome}${said}`), ...own];
  });
  const calls = ended.map(({ outcome, message, structured }, at) => ({
    name: wanted[at]!.name,
    outcome,
    message,
    structuredContent: structured,
  }));
  const isError = failed === ended.length;
  const result = {
    resultType: "complete",
    content: [text(summary), ...content],
    structuredContent: { calls },
    isError,
  };
  return { kind: "result", text: JSON.stringify(result), isError };
}

function text(said: string): Json {
  return { type: "text", text: said };
}

function readCalls(args: Json | undefined): readonly Wanted[] {
  const calls = isObject(args) ? args["calls"] : undefined;
  if (!Array.isArray(calls) || calls.length === 0 || calls.length > maxCalls)
    throw invalid("/calls", `is not a list of 1 to ${maxCalls} calls`);
  return calls.map((given: Json, at): Wanted => {
    const place = `/calls/${at}`;
    if (!isObject(given) || typeof given["name"] !== "string") throw invalid(place, "has no name");
    const { name, arguments: own = {}, after = [] } = given;
    if (!isObject(own)) throw invalid(`${place}/arguments`, "is not an object");
    const isEarlier = (index: Json): index is number =>
      Number.isInteger(index) && (index as number) >= 0 && (index as number) < at;
    if (!Array.isArray(after) || !after.every(isEarlier))
      throw invalid(`${place}/after`, "is not a list of positions of earlier calls");
    return { name, args: own, after };
  });
}

function invalid(pointer: string, message: string): RpcRefusal {
  return new RpcRefusal(
    rpcCodes.invalidParams,
    `Invalid arguments: arguments${pointer} ${message}`,
    { status: 200, data: { problems: [{ pointer, message }] } },
  );
}
