import { cutShort } from "../lib/cut-short.ts";
import { readOwnArguments } from "../mcp/own-upstream.ts";
import { agentServer, agentToolEffect } from "../model/agent-tool.ts";
import { agentKeyMember } from "../model/agents-server.ts";
import {
  Fault,
  toExposedName,
  type ApprovalId,
  type FaultCode,
  type RunId,
} from "../model/index.ts";
import { parseTraceparent } from "../model/trace-context.ts";
import type { Clock } from "../ports/clock.ts";
import type { Freezes } from "../ports/freezes.ts";
import type { RunAsking, RunDesk } from "../ports/run-desk.ts";
import type { UpstreamAnswer, UpstreamCaller, UpstreamRequest } from "../ports/upstream.ts";
import { followRun } from "./follow-run.ts";
import { findParent, type FoundParent } from "./parent-of-call.ts";
import { createProgress } from "./run-progress.ts";
import { toAgentAnswer, toRefusal, toStarted } from "./to-agent-answer.ts";

export interface AgentsOptions {
  /** Made after the gate, which runs call through. */
  readonly desk: () => RunDesk;
  readonly freezes: Freezes;
  readonly clock: Clock;
  /** Where a person decides. */
  readonly urlOf: (approval: ApprovalId) => string;
}

/** What is said of a run that has not ended has to reach whoever waits before the call is cut. */
const marginMs = 1_000;

/**
 * Starts the run that a call asks for, or finds it by the call's key. Another run is answered at once,
 * and waits without holding anything; anybody else waits here.
 */
export async function callAgent(
  options: AgentsOptions,
  request: UpstreamRequest,
  closing: AbortSignal,
): Promise<UpstreamAnswer> {
  const { caller, name: agent } = request;
  if (caller === undefined || agent === null) throw new Error("nobody calls an agent");
  const desk = options.desk();
  const parent = await findParent(desk, caller);
  if (parent?.kind === "refused") return toRefusal(parent.why);
  const asking = toAsking(request, { caller, agent, parent });
  const started = await start(options, { request, asking, desk });
  if (typeof started === "string") return toRefusal(started);
  if (parent !== null) return toStarted(agent, started.run);
  return waitFor(options, { ...started, request, caller, closing });
}

interface Asked {
  readonly caller: UpstreamCaller;
  readonly agent: string;
  readonly parent: Extract<FoundParent, { kind: "found" }> | null;
}

function toAsking(request: UpstreamRequest, { caller, agent, parent }: Asked): RunAsking {
  const { principal, roles } = caller;
  const key = request.meta[agentKeyMember];
  if (typeof key !== "string") throw new Error("a call of an agent has no key");
  return {
    principal,
    roles,
    agent,
    key,
    input: readTask(request),
    caps: null,
    deadlineMs: parent?.deadlineMs ?? null,
    parent: parent?.parent ?? null,
    trace: parseTraceparent(request.meta["traceparent"]),
  };
}

function readTask(request: UpstreamRequest): string {
  const task = readOwnArguments(request)?.["task"];
  if (typeof task !== "string") throw new Error("a call of an agent has no task");
  return task;
}

interface Starting {
  readonly request: UpstreamRequest;
  readonly asking: RunAsking;
  readonly desk: RunDesk;
}

/** Of these nothing has begun, and whoever asked can do something about it. */
const notStarted: ReadonlySet<FaultCode> = new Set([
  "not_found",
  "config_invalid",
  "tool_blocked",
  "key_reused",
]);

/** A text: why there is no run. */
async function start(
  { freezes }: AgentsOptions,
  { request, asking, desk }: Starting,
): Promise<string | { readonly run: RunId; readonly isNew: boolean }> {
  checkFrozen(freezes, asking);
  request.beforeWrite();
  try {
    return await desk.start(asking);
  } catch (error) {
    if (error instanceof Fault && notStarted.has(error.code)) return error.message;
    throw error;
  }
}

/** It is the agent that is called which is frozen: whoever calls it goes on. */
function checkFrozen(freezes: Freezes, { principal, agent }: RunAsking): void {
  const { tenant } = principal;
  const tool = toExposedName(agentServer, agent);
  const subject = { principal: { tenant, actor: { agent } }, server: agentServer, tool };
  try {
    freezes.check({ ...subject, effect: agentToolEffect });
  } catch (error) {
    const isFrozen = error instanceof Fault && error.code === "frozen";
    if (!isFrozen || error.details["kind"] !== "agent") throw error;
    throw new Fault("frozen", error.message, { details: { kind: "callee", name: agent } });
  }
}

interface Waiting {
  readonly run: RunId;
  readonly isNew: boolean;
  readonly request: UpstreamRequest;
  readonly caller: UpstreamCaller;
  readonly closing: AbortSignal;
}

/** The run is nobody's connection: whoever waits no longer is told that it goes on. */
async function waitFor(options: AgentsOptions, waiting: Waiting): Promise<UpstreamAnswer> {
  const { run, isNew, request, caller, closing } = waiting;
  const { clock } = options;
  const { tenant } = caller.principal;
  const desk = options.desk();
  const withinMs = Math.max(0, caller.untilMs() - clock.nowMs() - marginMs);
  const signal = AbortSignal.any([request.signal, closing]);
  const late = () => new Fault("deadline_exceeded", "The time of the call is nearly over.");
  const looked = await cutShort({ clock, signal, withinMs, late }, (until) => {
    const progress = createProgress(desk, { tenant, run, isNew, request });
    return followRun({ desk, clock }, { tenant, run, progress, until });
  });
  return toAgentAnswer(options, looked, { wasCancelled: request.signal.aborted });
}
