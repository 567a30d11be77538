import type { ContextSource } from "../../src/model/agent-context.ts";
import type { GateAnswer, GateRequest } from "../../src/ports/gate.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";
import { createEngine, turnOf, type Call, type Model } from "../simulation/engine.ts";
import { createCatalog, isSource, readsOf, withSources } from "./sources-scene.ts";

export type Answer = (request: GateRequest) => Promise<GateAnswer> | GateAnswer;
type Engine = Parameters<typeof createEngine>[0];

/** A run whose sources the test answers for; calls of its model go to the simulated gate. */
export async function openSources(
  sources: readonly ContextSource[],
  answer: Answer,
  more: Partial<Engine> & { readonly says?: Model } = {},
) {
  const { says = () => "done", ...rest } = more;
  const asked: GateRequest[] = [];
  const seen: ModelRequest[] = [];
  const { engine: parts, ...others } = rest;
  const catalog = createCatalog();
  const engine = await createEngine({
    model(request, ask) {
      seen.push(request);
      return says(request, ask);
    },
    bundle: withSources(...sources),
    gate: (simulated) => async (request) => {
      if (!isSource(request)) return simulated.exchange(request);
      asked.push(request);
      return answer(request);
    },
    engine: { catalog: () => catalog, ...parts },
    ...others,
  });
  const reads = async (run: Parameters<typeof engine.events>[0]) =>
    readsOf(await engine.events(run)).map(({ source, why, isError }) =>
      [source, why, ...(isError ? ["error"] : [])].join(" "),
    );
  return { ...engine, asked, seen, reads };
}

export const read = (n: number): Call => ["t__read", { n }];
export const write: Call = ["t__write", {}];
export const wait = (seconds: number): Call => ["run__wait", { seconds }];
export const script =
  (...answers: readonly (readonly Call[])[]): Model =>
  (request) =>
    answers[turnOf(request)] ?? "done";
