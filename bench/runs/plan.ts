import { toDigest, type Digest } from "../../src/model/index.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import type { BuiltBundle } from "../../src/ports/bundles.ts";
import type { Catalog, CatalogTool } from "../../src/ports/catalog.ts";
import type { ModelCall, ModelRequest } from "../../src/ports/model-backend.ts";
import type { RouteAsk, Routed } from "../../src/run/model-router.ts";
import { stepsPerFlow, type Meter } from "./runtime.ts";

/** What a run is started with: which workflow it is, and what the meter knows it by. */
export interface Input {
  readonly flow: "once" | "effect" | "gated" | "park" | "tick";
  readonly id: string;
}

const ticksPerTurn = 40;

/** A model that answers at once, in this process: with twenty calls, then with a last word. */
export function createPlainModels(meter: Meter) {
  return {
    toLargestCost: () => 10,
    async stream(ask: RouteAsk, request: ModelRequest): Promise<Routed> {
      const [first] = request.messages;
      if (first?.role !== "user") throw new Error("a run begins with what somebody said");
      const input = JSON.parse(first.text) as Input;
      const turn = request.messages.filter(({ role }) => role === "assistant").length;
      if (turn === 1 && input.flow === "park") meter.wentOn(input.id);
      const calls = toCalls(input, turn);
      if (calls.length === 0) ask.onEvent({ kind: "text", text: "All of it is done." });
      for (const [index, call] of calls.entries()) ask.onEvent({ kind: "call", index, call });
      const usage = { input: 10, cached: 0, written: 0, output: 5, reasoning: 0 };
      return {
        backend: "plain",
        model: "m",
        attempts: 1,
        usage,
        cost: 7,
        prices: toDigest("prices"),
        stop: calls.length === 0 ? "ended" : "tool_calls",
        firstTokenMs: 1,
        tokensPerSecond: null,
      };
    },
  };
}

function toCalls({ flow, id }: Input, turn: number): readonly ModelCall[] {
  if (flow === "tick") {
    const first = turn * ticksPerTurn;
    return Array.from({ length: ticksPerTurn }, (_, at) => toCall("t__tick", first + at, { id }));
  }
  if (turn > 0) return [];
  if (flow === "park") return [toCall("run__wait_for_signal", 0, { seconds: 86_400 })];
  const name = flow === "gated" ? "t__act" : `t__${flow}`;
  return Array.from({ length: stepsPerFlow }, (_, at) => toCall(name, at, { id, n: at }));
}

function toCall(name: string, at: number, args: object): ModelCall {
  return { id: `x${at}`, name, args: JSON.stringify(args) };
}

const pin = toDigest("pin");
/** All of them write: a call waits for the one before it. */
const tools = ["t__once", "t__effect", "t__tick"].map((exposed) => {
  const [server, tool] = exposed.split("__") as [string, string];
  return { exposed, server, tool, pin, effect: "write" as const };
});

const bundle: Bundle = {
  v: 1,
  agent: "bench",
  description: "",
  instructions: "Do.",
  toolset: "",
  tools,
  model: { alias: "m", maxTokens: 100, temperature: null, stop: [], route: [] },
  servers: [],
  skills: [],
  memory: null,
  waits: true,
  compensations: {},
  policy: { digest: pin, rule: "allow-all", rules: [] },
  limits: { caps: { micros: null, tokens: null, calls: null }, maxSteps: 1_000, deadlineMs: null },
};

export const plainBundle: BuiltBundle = {
  digest: toDigest("bundle"),
  bundle,
  rules: null as unknown as BuiltBundle["rules"],
};

export const plainCatalog = {
  toolsets: new Map([
    [
      "",
      {
        tools: new Map(
          tools.map(({ exposed, effect }) => [
            exposed,
            {
              exposed,
              effect,
              pin,
              description: "",
              text: '{"inputSchema":{"type":"object"}}',
              config: {},
            } as CatalogTool,
          ]),
        ),
      },
    ],
  ]),
  digest: "" as Digest,
  servers: new Map(),
} as unknown as Catalog;
