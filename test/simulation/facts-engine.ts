import type { RunEvent } from "../../src/model/run-event.ts";
import type { RunId } from "../../src/model/index.ts";
import type { Catalog, CatalogTool } from "../../src/ports/catalog.ts";
import type { GateAnswer, GateRequest } from "../../src/ports/gate.ts";
import { createEngine, script, type EngineParts, type Said } from "./engine.ts";
import { catalog } from "./parts.ts";
import { tenant } from "./tenant.ts";

export const fare = {
  key: "fare:{/item/id}",
  each: "/result/structuredContent/flights",
  value: "/item/price",
  fresh: 60_000,
};
export const need = { fact: "fare:{/args/flight}", same: "/args/price" };
export const declared: Readonly<Record<string, object>> = {
  t__read: { effect: "read", facts: [fare] },
  t__write: { needs: [need], changes: ["seat:{/args/flight}"] },
};

/** The tools of simulations, of which two declare facts. */
function toCatalog(configs = declared): Catalog {
  const toolset = catalog.toolsets.get("")!;
  const toTool = (tool: CatalogTool): CatalogTool => ({
    ...tool,
    input: () => ({ kind: "valid", filled: null }),
    config: { ...tool.config, ...configs[tool.exposed] },
  });
  const tools = new Map([...toolset.tools].map(([name, tool]) => [name, toTool(tool)]));
  return { ...catalog, toolsets: new Map([["", { ...toolset, tools }]]) };
}

export const read = ["t__read", { day: "today" }] as const;
export const book = (price: number) => ["t__write", { flight: "LH900", price }] as const;

export interface Scene extends Partial<EngineParts> {
  readonly said?: readonly Said[];
  readonly configs?: typeof declared;
  /** What the gate does instead of asking. */
  readonly onAsk?: (request: GateRequest, asked: number) => Promise<GateAnswer> | null;
}

/** An engine whose flight has a price, which the test changes. */
export async function openFacts({ said = [], configs, onAsk, ...parts }: Scene = {}) {
  const at = { price: 100 as number | null };
  const asked: string[] = [];
  const answerRead = (): GateAnswer => {
    const flights = at.price === null ? [] : [{ id: "LH900", price: at.price }];
    const text = JSON.stringify({ content: [], structuredContent: { flights } });
    return { kind: "result", text, isError: false };
  };
  const engine = await createEngine({
    model: script(...said),
    gate: (gate) => async (request) => {
      const name = request.params["name"] as string;
      asked.push(name);
      const own = onAsk?.(request, asked.length) ?? null;
      if (own !== null) return own;
      return name === "t__read" ? answerRead() : gate.exchange(request);
    },
    engine: { catalog: () => toCatalog(configs) },
    ...parts,
  });
  const of = async <Type extends RunEvent["type"]>(run: RunId, type: Type) =>
    (await engine.events(run)).filter(
      (event): event is Extract<RunEvent, { type: Type }> => event.type === type,
    );
  const words = async (run: RunId) => {
    const ended = await of(run, "call.ended");
    const results = ended.map(({ result }) => engine.desk.content(tenant, run, result));
    return Promise.all(results.map(async (each) => JSON.stringify(await each)));
  };
  return { ...engine, at, asked, of, words };
}

/** Until it rests, however often it waits for a while. */
export async function live(scene: Awaited<ReturnType<typeof openFacts>>): Promise<RunId> {
  const run = await scene.start();
  await scene.settle();
  for (let waits = 0; waits < 40; waits += 1) await scene.pass(2_000);
  return run;
}
export const endsOf = async (scene: Awaited<ReturnType<typeof openFacts>>, run: RunId) =>
  (await scene.of(run, "call.ended")).map(({ outcome }) => outcome);

export function toDenied(): GateAnswer {
  const text = JSON.stringify({ content: [{ type: "text", text: "Denied." }], isError: true });
  return { kind: "result", text, isError: true, outcome: "denied" };
}
