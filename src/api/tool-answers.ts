import { z } from "zod";
import { lintTools } from "../registry/lint.ts";
import { digestSchema, Fault, toCanonicalText } from "../model/index.ts";
import { RpcRefusal } from "../mcp/rpc-error.ts";
import type { Gate, GateAnswer } from "../ports/gate.ts";
import type { Registry } from "../ports/registry.ts";
import type { Answer, Answers, Asked } from "./contract.ts";
import { ownPrefix } from "../gate/own-meta.ts";
import { parseBody } from "./parse-body.ts";
import type { routes } from "./routes.ts";
import { look, toServerFacts, toServers, toTool, type Standing } from "./show-server.ts";

export interface ToolAnswersOptions {
  readonly registry: () => Registry;
  /** Absent: nothing is known of servers but what they list. */
  readonly standing?: Standing;
  readonly gate: Gate;
  readonly limits: () => { readonly requestDeadlineMs: number };
}

type ToolRoutes = Pick<
  typeof routes,
  | "listServers"
  | "getServer"
  | "getToolDefinition"
  | "refreshServer"
  | "listTools"
  | "listDrift"
  | "acceptDrift"
  | "lintTools"
  | "callTool"
>;

const acceptance = z.strictObject({
  server: z.string().max(64),
  tool: z.string().max(256),
  observed: digestSchema.nullable(),
});

const keyName = `${ownPrefix}key` as const;
const claimName = `${ownPrefix}claim` as const;
const waitName = `${ownPrefix}wait` as const;

const calling = z.strictObject({
  name: z.string().max(256),
  toolset: z.string().max(64).prefault(""),
  arguments: z.record(z.string(), z.unknown()).prefault({}),
  /** What is said to the gate itself. Nothing else goes upstream from here. */
  _meta: z
    .strictObject({
      [keyName]: z.string().optional(),
      [claimName]: z.string().optional(),
      [waitName]: z.number().min(0).max(600).optional(),
    })
    .prefault({}),
});

/** How long a call over REST may take: the request's own deadline is shorter by default. */
const callMs = 600_000;

export function createToolAnswers(options: ToolAnswersOptions): Answers<ToolRoutes> {
  const { registry } = options;
  const readServer = async (name: string) => {
    const found = toServerFacts(registry(), name, await look(options.standing));
    if (found === null) throw new Fault("not_found", `There is no server ${name}.`);
    return found;
  };
  return {
    listServers: async () => ({
      status: 200,
      body: { servers: toServers(registry(), await look(options.standing)) },
    }),
    getServer: async ({ params }) => ({ status: 200, body: await readServer(params.name) }),
    refreshServer: async ({ params }) => {
      await registry().refresh(params.name);
      return { status: 200, body: (await readServer(params.name)).server };
    },
    getToolDefinition: ({ params }) => {
      const tool = registry().catalog().toolsets.get("")!.tools.get(params.name);
      if (tool === undefined) throw new Fault("not_found", `There is no tool ${params.name}.`);
      const definition = JSON.parse(tool.text) as Record<string, unknown>;
      return { status: 200, body: { name: tool.exposed, pin: tool.pin, definition } };
    },
    listTools: () => {
      const tools = [...registry().catalog().toolsets.get("")!.tools.values()];
      return { status: 200, body: { tools: tools.map(toTool) } };
    },
    listDrift: () => {
      const drifts = registry().drift();
      return {
        status: 200,
        body: { drifts: drifts.map((each) => ({ ...each, reasons: [...each.reasons] })) },
      };
    },
    acceptDrift: (asked) => accept(options, asked),
    lintTools: () => ({ status: 200, body: { findings: [...lintTools(registry().catalog())] } }),
    callTool: (asked) => call(options, asked),
  };
}

async function accept(
  { registry }: ToolAnswersOptions,
  { body, holder }: Asked<ToolRoutes["acceptDrift"]>,
): Promise<Answer<ToolRoutes["acceptDrift"]>> {
  const { server, tool, observed } = parseBody(acceptance, body);
  const outcome = await registry().accept({ server, tool, observed, by: holder?.id ?? "unknown" });
  if (outcome === "missing") throw new Fault("not_found", `${server} has no drift of ${tool}.`);
  if (outcome === "stale") {
    throw new Fault("drift_stale", `${tool} is not what was shown any more.`);
  }
  return { status: 200, body: { server, tool, pin: observed } };
}

async function call(
  { gate, limits }: ToolAnswersOptions,
  { body, headers, holder, signal }: Asked<ToolRoutes["callTool"]>,
): Promise<Answer<ToolRoutes["callTool"]>> {
  const { name, toolset, arguments: args, _meta: meta } = parseBody(calling, body);
  if (holder === null || holder.principal === null) {
    throw new Fault("forbidden", "This key does not call tools.");
  }
  if (holder.toolsets !== null && !holder.toolsets.includes(toolset)) {
    throw new Fault("forbidden", "This key does not use this toolset.");
  }
  const cancel = new AbortController();
  const onAbort = (): void => cancel.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  let entry: string | null = null;
  try {
    const answer = await gate.exchange({
      principal: holder.principal,
      roles: holder.roles,
      context: "",
      toolset,
      method: "tools/call",
      params: {
        name,
        arguments: args as never,
        _meta: toMeta(meta, headers["idempotency-key"], limits().requestDeadlineMs),
      },
      argumentsText: toCanonicalText(args),
      client: { era: "legacy", version: "", capabilities: {}, ask: null },
      cancel,
      deadlineMs: callMs,
      onNotification: () => undefined,
      onEntry: (id) => void (entry = id),
    });
    return { status: 200, body: { ...toCalled(answer), entry } };
  } catch (error) {
    if (!(error instanceof RpcRefusal)) throw error;
    const { code, message, data } = error;
    return { status: 200, body: { outcome: "refused", result: { code, message, data } } };
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function toCalled(answer: GateAnswer): Answer<ToolRoutes["callTool"]>["body"] {
  if (answer.kind === "error") return { outcome: "refused", result: answer.error };
  const result: unknown = JSON.parse(answer.text);
  return { outcome: answer.outcome ?? (answer.isError ? "tool_error" : "answered"), result };
}

/**
 * The header is the key's usual place over HTTP. Half of the request's time is for waiting, so that
 * the other half is left for the call itself.
 */
function toMeta(
  { [keyName]: own, [claimName]: claim, [waitName]: wait }: z.infer<typeof calling>["_meta"],
  header: string | undefined,
  requestDeadlineMs: number,
) {
  const key = header ?? own;
  if (own !== undefined && own !== key)
    throw new Fault("request_invalid", `Idempotency-Key and ${keyName} differ.`);
  return {
    ...(key !== undefined && { [keyName]: key }),
    ...(claim !== undefined && { [claimName]: claim }),
    ...(wait !== undefined && { [waitName]: Math.min(wait, requestDeadlineMs / 2_000) }),
  };
}
