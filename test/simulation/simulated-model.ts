import { toDigest } from "../../src/model/index.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";
import type { RouteAsk, Routed } from "../../src/run/model-router.ts";
import type { Plan, PlannedTool } from "./plan.ts";

/** A simulated model: it reads its plan in the first message, and how far it came in the others. */
export function createSimulatedModels(breathe: () => Promise<void>) {
  return {
    toLargestCost: () => 10,
    async stream(ask: RouteAsk, request: ModelRequest): Promise<Routed> {
      await breathe();
      const [first] = request.messages;
      if (first?.role !== "user") throw new Error("a run begins with what somebody said");
      const plan = JSON.parse(first.text) as Plan;
      const turn = request.messages.filter(({ role }) => role === "assistant").length;
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
        const call = { id: `x${index}`, name: tool.tool, args: toArgs(tool, task) };
        ask.onEvent({ kind: "call", index, call });
      });
      const usage = { input: 10, cached: 0, written: 0, output: 5, reasoning: 0 };
      return {
        ...{ backend: "simulated", model: "m", attempts: 1, usage, cost: 7 },
        ...{ prices: toDigest("prices"), stop: wanted.length === 0 ? "ended" : "tool_calls" },
        ...{ firstTokenMs: 1, tokensPerSecond: null },
      };
    },
  };
}

function toArgs(tool: PlannedTool, task: Plan | undefined): string {
  if (tool.tool === "agents__child") return JSON.stringify({ task: JSON.stringify(task) });
  if ("seconds" in tool) return JSON.stringify({ seconds: tool.seconds });
  return JSON.stringify({ n: tool.n });
}
