import { Fault, toDigest } from "../../src/model/index.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";
import type { RouteAsk, Routed } from "../../src/run/model-router.ts";
import type { Plan, PlannedTool } from "./plan.ts";

export interface SimulatedModelOptions {
  readonly breathe: () => Promise<void>;
  /** How often each fault has come: it outlives every worker. */
  readonly faults: Map<string, number>;
}

/** A simulated model: it reads its plan in what it was asked first, and how far it came in the others. */
export function createSimulatedModels({ breathe, faults }: SimulatedModelOptions) {
  return {
    toLargestCost: () => 10,
    async stream(ask: RouteAsk, request: ModelRequest): Promise<Routed> {
      await breathe();
      // Sources of the context stand before it.
      const first = request.messages.find(({ text }) => !text.startsWith("Context "));
      if (first?.role !== "user") throw new Error("a run begins with what somebody said");
      requireAnswered(request);
      const plan = JSON.parse(first.text) as Plan;
      const turn = request.messages.filter(({ role }) => role === "assistant").length;
      fail(faults, { plan, turn, text: first.text });
      const wanted = plan.turns[turn] ?? [];
      if (wanted.length === 0) {
        const results = request.messages.flatMap((message) =>
          message.role === "tool" ? [message.text] : [],
        );
        ask.onEvent({ kind: "text", text: `done: ${results.join(" | ")}` });
      }
      let child = 0;
      wanted.forEach((tool, index) => {
        const task = tool.tool === "agents__child" ? plan.children[child++] : undefined;
        say(ask, { tool, task, index });
      });
      const usage = { input: 10, cached: 0, written: 0, output: 5, reasoning: 0 };
      return {
        backend: "simulated",
        model: "m",
        attempts: 1,
        usage,
        cost: 7,
        prices: toDigest("prices"),
        stop: wanted.length === 0 ? "ended" : "tool_calls",
        firstTokenMs: 1,
        tokensPerSecond: null,
      };
    },
  };
}

/** Real ones refuse a conversation in which a call has no result, or one that nobody asked for. */
function requireAnswered({ messages }: ModelRequest): void {
  const open = new Set<string>();
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.delete(message.callId)) throw new Error(`a result too many: ${message.callId}`);
      continue;
    }
    if (open.size > 0) throw new Error(`calls without a result: ${[...open].join(" ")}`);
    if (message.role === "assistant") for (const { id } of message.calls) open.add(id);
  }
  if (open.size > 0) throw new Error(`calls without a result: ${[...open].join(" ")}`);
}

interface Failing {
  readonly plan: Plan;
  readonly turn: number;
  readonly text: string;
}

function fail(faults: Map<string, number>, { plan, turn, text }: Failing): void {
  for (const [index, fault] of plan.faults.entries()) {
    if (fault.turn !== turn) continue;
    const key = toDigest(`${index} ${text}`);
    const times = faults.get(key) ?? 0;
    // What it refuses it refuses for good.
    if (times >= fault.times && fault.code !== "model_refused") continue;
    faults.set(key, times + 1);
    const details = fault.code === "model_busy" ? { retryAfterMs: 1_500 } : {};
    throw new Fault(fault.code, "The simulated model does not answer.", { details });
  }
}

interface Saying {
  readonly tool: PlannedTool;
  readonly task: Plan | undefined;
  readonly index: number;
}

function say(ask: RouteAsk, { tool, task, index }: Saying): void {
  if (tool.tool === "t__garbled") {
    const text = `{"n":${tool.n}`;
    const base = { kind: "call_refused", index, id: null, name: null, text } as const;
    return ask.onEvent({ ...base, reason: "not_json" });
  }
  const call = { id: `x${index}`, name: tool.tool, args: toArgs(tool, task) };
  ask.onEvent({ kind: "call", index, call });
}

function toArgs(tool: PlannedTool, task: Plan | undefined): string {
  if (tool.tool === "agents__child") return JSON.stringify({ task: JSON.stringify(task) });
  if ("seconds" in tool) return JSON.stringify({ seconds: tool.seconds });
  return JSON.stringify({ n: tool.n });
}
