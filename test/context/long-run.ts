import { usualContext, type AgentContext } from "../../src/model/agent-context.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import type { RunId } from "../../src/model/index.ts";
import { fromRunEventBytes, type RunEvent } from "../../src/model/run-event.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";
import type { RouteAsk, Routed } from "../../src/run/model-router.ts";
import {
  answer,
  createEngine,
  isSummary,
  result,
  turnOf,
  type Call,
  type EngineParts,
  type Said,
} from "../simulation/engine.ts";
import { toBuilt } from "../simulation/parts.ts";

export interface LongRun {
  readonly window: number;
  readonly keepTurns?: number;
  readonly context?: Partial<AgentContext["compaction"]>;
  /** What the model says in each turn; undefined: that it is done. */
  readonly turn: (turn: number, request: ModelRequest) => Said | undefined;
  /** Of a read; one text for all of them, or by its argument. */
  readonly text?: string | ((n: number) => string);
  readonly summary?: (request: ModelRequest, ask: RouteAsk) => Promise<string> | string;
  /** What the backend says of an answer, instead of the harness. */
  readonly routed?: (request: ModelRequest) => Partial<Routed>;
  readonly bundle?: Partial<Bundle>;
  readonly more?: Partial<EngineParts>;
}

/** An engine whose runs outgrow their window, and every request that its model was sent. */
export async function createLongRun(options: LongRun) {
  const { keepTurns = 2, text = "", turn, bundle, more } = options;
  const turns: ModelRequest[] = [];
  const summaries: ModelRequest[] = [];
  const say = typeof text === "string" ? () => text : text;
  const toSaid = async (request: ModelRequest, ask: RouteAsk): Promise<Said> => {
    if (!isSummary(request)) return turn(turnOf(request), request) ?? "done";
    return (await options.summary?.(request, ask)) ?? `Summary ${summaries.length}.`;
  };
  const engine = await createEngine({
    model: toSaid,
    gate: (gate) => (request) => {
      if (request.params["name"] !== "t__read") return gate.exchange(request);
      const { n } = request.params["arguments"] as { readonly n: number };
      return Promise.resolve(result(say(n)));
    },
    ...more,
    limits: { maxSteps: 20_000, ...more?.limits },
    bundle: { context: toContext({ ...options, keepTurns }), ...bundle },
    engine: {
      models: () => ({
        toLargestCost: () => 10,
        async stream(ask, request) {
          (isSummary(request) ? summaries : turns).push(request);
          const routed = await answer(toSaid, ask, request);
          return { ...routed, ...options.routed?.(request) };
        },
      }),
      ...more?.engine,
    },
  });

  return {
    ...engine,
    turns,
    summaries,
    /** All of them, page by page. */
    async events(run: RunId): Promise<readonly RunEvent[]> {
      const events: RunEvent[] = [];
      for (;;) {
        const rows = await engine.store.runs.read(run, { after: events.length, limit: 1_000 });
        if (rows.length === 0) return events;
        events.push(...rows.map(({ payload }) => fromRunEventBytes(payload)));
      }
    },
    /** Started and carried on until nothing wakes it any more. */
    async live(input = "Go."): Promise<RunId> {
      const run = await engine.start({ input });
      await engine.settle();
      return run;
    },
  };
}

export function toContext({
  window,
  keepTurns = 2,
  context = {},
}: Pick<LongRun, "window" | "keepTurns" | "context">): AgentContext {
  const compaction = { ...usualContext.compaction, keepTurns, maxTokens: 200, ...context };
  return { ...usualContext, window, compaction };
}

export const { maxTokens: answerTokens } = toBuilt().bundle.model;

export type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

export function pick<Type extends RunEvent["type"]>(
  events: readonly RunEvent[],
  type: Type,
): readonly EventOf<Type>[] {
  return events.filter((event): event is EventOf<Type> => event.type === type);
}

export const texts = ({ messages }: ModelRequest): readonly string[] =>
  messages.map(({ text }) => text);

/** What is shown of the run's own ledger; undefined before the first compaction. */
export function ledgerOf(request: ModelRequest): string | undefined {
  return texts(request).find((text) => text.startsWith("What was done before, and what is open"));
}

export function summaryOf(request: ModelRequest): string | undefined {
  return texts(request).find((text) => text.startsWith("What was before is left out here."));
}

/** What is open, as the ledger ends with it. */
export function obligationsOf(request: ModelRequest): string {
  const ledger = ledgerOf(request) ?? "";
  const at = ledger.search(/^Open:/m);
  return at === -1 ? "" : ledger.slice(at);
}

export const read = (n: number) => ["t__read", { n }] as const;
export const write = (n: number) => ["t__write", { n }] as const;
export const words = (tokens: number): string => "word ".repeat(Math.ceil((tokens * 4) / 5));
export const errs = (n: number): Call => ["t__errs", { n }];

export type Engine = Awaited<ReturnType<typeof createLongRun>>;

export async function stateOf(engine: Engine, run: RunId): Promise<string> {
  const { state, reason } = await engine.read(run);
  return `${state}${reason === null ? "" : ` ${reason.code}`}`;
}

/** Reads only, so many in a turn. */
export function reads(turn: number, calls: number, perTurn: number): readonly Call[] | undefined {
  const first = turn * perTurn;
  const count = Math.min(perTurn, calls - first);
  return count <= 0 ? undefined : Array.from({ length: count }, (_, index) => read(first + index));
}

/** One effect of which nobody knows, one that its tool refuses, and then nothing but reads. */
export async function createOwing(window: number, calls: number, perTurn: number): Promise<Engine> {
  let lost = 0;
  const open: readonly (readonly Call[])[] = [[write(1)], [errs(2)]];
  return createLongRun({
    window,
    text: words(Math.floor((window * 4) / calls) + 40),
    turn: (turn) => open[turn] ?? reads(turn - open.length, calls, perTurn),
    more: { isLost: (tool) => tool === "t__write" && (lost += 1) === 1 },
  });
}
