import { parseStrictJson, type Json } from "../../lib/strict-json.ts";
import { modernVersion } from "../../mcp/protocol.ts";
import { isObject } from "../../mcp/read-message.ts";
import { rpcCodes } from "../../mcp/rpc-error.ts";
import { workbenchKeyMember } from "../../model/config-workbench.ts";
import type { WorkbenchServerConfig } from "../../model/config-servers.ts";
import {
  workbenchTools,
  workbenchVersion,
  type WorkbenchToolName,
} from "../../model/workbench-tools.ts";
import type {
  Connector,
  Upstream,
  UpstreamAnswer,
  UpstreamFacts,
  UpstreamRequest,
} from "../../ports/upstream.ts";
import { compute } from "./compute.ts";
import { editFile, listFiles, readFile, removeFile, writeFile } from "./file-tools.ts";
import { runBash, runCode } from "./run-program.ts";
import type { ToolCall, Told, WorkbenchParts } from "./tool-call.ts";

/** Where the answer of a tool names the workspace before and after the call. */
const workspaceMember = "dev.countersign/workspace";

const carryOut: Readonly<
  Record<WorkbenchToolName, (parts: WorkbenchParts, call: ToolCall) => Promise<Told>>
> = {
  run_code: runCode,
  bash: runBash,
  read_file: readFile,
  write_file: writeFile,
  edit_file: editFile,
  remove_file: removeFile,
  list_files: listFiles,
  compute,
};

/** Tools of our own, which the gate reaches as it reaches any: through it, and never beside it. */
export function createWorkbenchConnector(parts: WorkbenchParts): Connector {
  return {
    async connect({ server, config }) {
      if (config.transport !== "workbench") throw new Error("only workbenches are in here");
      return new WorkbenchUpstream(parts, { server, config });
    },
  };
}

interface Bench {
  readonly server: string;
  readonly config: WorkbenchServerConfig;
}

class WorkbenchUpstream implements Upstream {
  /** Each call has a sandbox of its own: its answer says which. */
  readonly sandbox = null;
  readonly facts: UpstreamFacts = {
    era: "modern",
    version: modernVersion,
    serverInfo: { name: "countersign workbench", version: workbenchVersion },
    capabilities: { tools: {} },
    instructions: null,
  };
  readonly #parts: WorkbenchParts;
  readonly #bench: Bench;
  readonly #closing = new AbortController();
  #outstanding = 0;

  constructor(parts: WorkbenchParts, bench: Bench) {
    this.#parts = parts;
    this.#bench = bench;
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    if (request.method === "tools/list") {
      request.beforeWrite();
      return toAnswer({ tools: workbenchTools as unknown as Json });
    }
    if (request.method !== "tools/call") {
      const message = `There is no method ${request.method}.`;
      return { kind: "error", error: { code: rpcCodes.methodNotFound, message } };
    }
    this.#outstanding += 1;
    try {
      const name = toName(request);
      return toToolAnswer(await carryOut[name](this.#parts, this.#toCall(request)));
    } finally {
      this.#outstanding -= 1;
    }
  }

  /** Its tools do not change, and there are no resources. */
  async watch(): Promise<void> {}

  async close(): Promise<void> {
    this.#closing.abort();
  }

  #toCall(request: UpstreamRequest): ToolCall {
    const { caller, meta, signal, beforeWrite } = request;
    if (caller === undefined) throw new Error("nobody calls a tool");
    const { server, config } = this.#bench;
    const key = meta[workbenchKeyMember];
    return {
      server,
      config,
      args: readArguments(request),
      whose: { server, principal: caller.principal, run: caller.run?.run ?? null },
      callKey: typeof key === "string" ? key : null,
      tier: caller.tier ?? config.sandbox,
      untilMs: caller.untilMs,
      signal: AbortSignal.any([signal, this.#closing.signal]),
      beforeWrite,
    };
  }
}

/** The gate knows no other: it checked the name against what is listed. */
function toName({ name }: UpstreamRequest): WorkbenchToolName {
  const found = workbenchTools.find((tool) => tool.name === name);
  if (found === undefined) throw new Error("a call of a workbench names no tool of it");
  return found.name;
}

/** The gate has checked them against the tool's schema. */
function readArguments({ members }: UpstreamRequest): Readonly<Record<string, Json>> {
  const read = parseStrictJson(`{${members}}`);
  const params = read.kind === "parsed" && isObject(read.value) ? read.value : {};
  const args = params["arguments"];
  return isObject(args) ? args : {};
}

function toToolAnswer({ text, isError = false, workspace, sandbox }: Told): UpstreamAnswer {
  const answer = toAnswer({
    content: [{ type: "text", text: text.toWellFormed() }],
    ...(isError ? { isError } : {}),
    ...(workspace === undefined ? {} : { _meta: { [workspaceMember]: { ...workspace } } }),
  });
  return sandbox === undefined ? answer : { ...answer, sandbox };
}

function toAnswer(members: Readonly<Record<string, Json>>) {
  const value = { resultType: "complete", ...members };
  return { kind: "result", text: JSON.stringify(value), value } as const;
}
