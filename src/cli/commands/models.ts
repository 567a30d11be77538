import type { Models, ModelTried } from "../../client/client.ts";
import { withoutControls } from "../../lib/without-controls.ts";
import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

export interface TryFlags extends Flags {
  readonly maxTokens?: string;
  readonly maxCost?: string;
}

export const listModels: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listModels();
  const { data, models, backends = [], prices } = body;
  // A key that only calls is told nothing but names.
  const routes = models?.map(toRoute) ?? data.map(({ id }) => `  ${id}`);
  voice.answer(
    body,
    routes.length + backends.length === 0
      ? "There are no models: docs/models.md says how to name some."
      : [
          ...routes,
          ...(prices === undefined
            ? []
            : ["", renderTable(backends.map(toRow)), "", `  prices ${prices}`]),
        ].join("\n"),
  );
  return exitCodes.ok;
};

export const tryModel: Run<TryFlags, [string, string]> = async (
  { parts, voice },
  flags,
  ...[alias, prompt]
) => {
  const { client } = await parts.connect(flags.url);
  const { maxTokens, maxCost } = flags;
  const body = JSON.stringify({
    prompt,
    ...(maxTokens === undefined ? {} : { maxTokens: toCount(maxTokens) }),
    ...(maxCost === undefined ? {} : { maxCost }),
  });
  const { body: tried } = await client.tryModel({ alias, body });
  voice.answer(tried, `${withoutControls(tried.text)}\n\n${withoutControls(toFacts(tried))}`);
  return exitCodes.ok;
};

function toCount(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Fault("usage_invalid", "--max-tokens takes a whole number.");
}

function toRoute({ alias, groups }: Required<Models>["models"][number]): string {
  const shown = groups.map((group) =>
    group
      .map(({ backend, weight, model }) => {
        const share = group.length === 1 ? "" : ` ×${weight}`;
        return `${backend}${model === null ? "" : ` (${model})`}${share}`;
      })
      .join(", "),
  );
  return `  ${alias}: ${shown.join(", then ")}`;
}

function toRow(backend: Required<Models>["backends"][number]): readonly string[] {
  const { name, kind, model, host, active, waiting, firstTokenMs, tokensPerSecond } = backend;
  return [
    name,
    kind,
    model,
    host,
    toHealth(backend),
    `${active} under way, ${waiting} wait`,
    firstTokenMs === null ? "not asked yet" : `first token ${Math.round(firstTokenMs)} ms`,
    tokensPerSecond === null ? "" : `${Math.round(tokensPerSecond)} tokens/s`,
    backend.priced ? "price known" : "no price",
  ];
}

function toHealth({ breaker, resting, lastFault }: Required<Models>["backends"][number]): string {
  if (breaker !== "closed") return `left alone (${lastFault ?? breaker})`;
  if (resting) return "busy";
  return lastFault === null ? "well" : `last: ${lastFault}`;
}

function toFacts(tried: ModelTried): string {
  const { backend, model, attempts, stop, usage, firstTokenMs, tokensPerSecond, cost } = tried;
  const speed = tokensPerSecond === null ? "" : `, ${Math.round(tokensPerSecond)} tokens/s`;
  const tries = attempts === 1 ? "" : ` after ${attempts} attempts`;
  const count = (tokens: number | null): string => String(tokens ?? "an unknown number of");
  return [
    `  ${backend} (${model})${tries}: ${stop}`,
    `  ${count(usage.input)} tokens in, ${count(usage.output)} out`,
    `  first token after ${Math.round(firstTokenMs)} ms${speed}`,
    cost === null ? "  cost not known" : `  cost ${cost}`,
  ].join("\n");
}
