import { OwnUpstream, readOwnArguments, toOwnAnswer } from "../../mcp/own-upstream.ts";
import type { WorkbenchServerConfig } from "../../model/config-servers.ts";
import { workbenchKeyMember } from "../../model/config-workbench.ts";
import {
  workbenchTools,
  workbenchVersion,
  type WorkbenchToolName,
} from "../../model/workbench-tools.ts";
import type { Connector, UpstreamAnswer, UpstreamRequest } from "../../ports/upstream.ts";
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
      return new OwnUpstream({
        name: "countersign workbench",
        version: workbenchVersion,
        tools: workbenchTools,
        async call(request, closing) {
          const name = toName(request);
          return toToolAnswer(
            await carryOut[name](parts, toCall({ server, config }, request, closing)),
          );
        },
      });
    },
  };
}

interface Bench {
  readonly server: string;
  readonly config: WorkbenchServerConfig;
}

function toCall(
  { server, config }: Bench,
  request: UpstreamRequest,
  closing: AbortSignal,
): ToolCall {
  const { caller, meta, signal, beforeWrite } = request;
  if (caller === undefined) throw new Error("nobody calls a tool");
  const key = meta[workbenchKeyMember];
  return {
    server,
    config,
    args: readOwnArguments(request) ?? {},
    whose: { server, principal: caller.principal, run: caller.run?.run ?? null },
    callKey: typeof key === "string" ? key : null,
    tier: caller.tier ?? config.sandbox,
    untilMs: caller.untilMs,
    signal: AbortSignal.any([signal, closing]),
    beforeWrite,
  };
}

/** The gate knows no other: it checked the name against what is listed. */
function toName({ name }: UpstreamRequest): WorkbenchToolName {
  const found = workbenchTools.find((tool) => tool.name === name);
  if (found === undefined) throw new Error("a call of a workbench names no tool of it");
  return found.name;
}

function toToolAnswer({ text, isError = false, workspace, sandbox }: Told): UpstreamAnswer {
  const answer = toOwnAnswer({
    content: [{ type: "text", text: text.toWellFormed() }],
    ...(isError ? { isError } : {}),
    ...(workspace === undefined ? {} : { _meta: { [workspaceMember]: { ...workspace } } }),
  });
  return sandbox === undefined ? answer : { ...answer, sandbox };
}
