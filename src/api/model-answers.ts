import { z } from "zod";
import type { KeyHolder } from "../authority/keyring.ts";
import { within } from "../mcp/within.ts";
import { moneyField } from "../model/config-budgets.ts";
import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Configuration } from "../ports/configuration.ts";
import type { ModelRequest } from "../ports/model-backend.ts";
import type { ModelRouter } from "../run/model-router.ts";
import { listAliases } from "./chat/chat.ts";
import type { Answers } from "./contract.ts";
import type { modelRoutes } from "./model-routes.ts";
import { parseBody } from "./parse-body.ts";

export interface ModelAnswersOptions {
  /** Of the revision that is serving; asked once a request. */
  readonly models: () => ModelRouter;
  readonly configuration: Pick<Configuration, "current">;
  readonly clock: Clock;
  readonly limits: () => { readonly requestDeadlineMs: number };
}

const trying = z.strictObject({
  prompt: z
    .string("takes a text")
    .min(1, "takes a text")
    .max(16_384, "takes at most 16384 characters"),
  maxTokens: z.int().min(1).max(4_096, "takes at most 4096 tokens").prefault(256),
  maxCost: moneyField.optional(),
});

/** A backend that takes longer to say that it is there is not well. */
const lookWithinMs = 5_000;

export function createModelAnswers(options: ModelAnswersOptions): Answers<typeof modelRoutes> {
  const { models, clock } = options;
  return {
    listModels: ({ holder }) => {
      const router = models();
      const data = listOf(options, holder);
      if (!isReader(holder)) return { status: 200, body: { object: "list", data } };
      const aliases = Object.entries(router.aliases).map(([alias, groups]) => ({
        alias,
        groups: groups.map((group) => group.map((target) => ({ ...target }))),
      }));
      const backends = router.describe().map((each) => ({ ...each }));
      const prices = router.prices.digest;
      return { status: 200, body: { object: "list", data, models: aliases, backends, prices } };
    },
    getModel: ({ params, holder }) => {
      const model = listOf(options, holder).find(({ id }) => id === params.alias);
      if (model === undefined) throw new Fault("not_found", `There is no model ${params.alias}.`);
      return { status: 200, body: model };
    },
    lookAtModels: async ({ signal }) => {
      const looked = await models().look((name, look) =>
        within({ clock, signal, withinMs: lookWithinMs, who: name }, look),
      );
      const backends = looked.map(({ name, fault, tookMs }) => ({
        name,
        answers: fault === null,
        problem: fault?.message ?? null,
        tookMs,
      }));
      return { status: 200, body: { backends } };
    },
    tryModel: ({ params, body, signal }) =>
      tryModel(options, { ...parseBody(trying, body), alias: params.alias, signal }),
  };
}

function listOf({ models, configuration }: ModelAnswersOptions, holder: KeyHolder | null) {
  const aliases = Object.keys(models().aliases);
  const created = Math.floor(configuration.current().appliedAtMs / 1000);
  return (isReader(holder) ? aliases : listAliases(holder, aliases)).map((id) => ({
    id,
    object: "model" as const,
    created,
    owned_by: "countersign",
  }));
}

/** Whoever only calls is shown what it may ask, and nothing of where it runs. */
function isReader(holder: KeyHolder | null): boolean {
  return holder?.access.some((role) => role !== "caller") ?? false;
}

interface Trying extends z.output<typeof trying> {
  readonly alias: string;
  readonly signal: AbortSignal;
}

async function tryModel({ models, clock, limits }: ModelAnswersOptions, asked: Trying) {
  const { alias, prompt, maxTokens, maxCost, signal } = asked;
  const router = models();
  const request: ModelRequest = {
    instructions: "",
    messages: [{ role: "user", text: prompt }],
    tools: [],
    parameters: { maxTokens, temperature: null, stop: [] },
    stableMessages: null,
  };
  if (maxCost !== undefined) checkCost(router.toLargestCost(alias, request), maxCost);
  let text = "";
  const routed = await router.stream(
    {
      alias,
      priced: maxCost !== undefined,
      signal,
      deadlineMs: clock.nowMs() + limits().requestDeadlineMs,
      onEvent: (event) => {
        if (event.kind === "text") text += event.text;
      },
    },
    request,
  );
  const { cost, usage, prices, ...rest } = routed;
  return {
    status: 200 as const,
    body: {
      ...rest,
      text,
      usage: { ...usage },
      cost: cost === null ? null : z.encode(moneyField, cost),
      prices,
    },
  };
}

/** Before anything is sent; what is not known is not cheap. */
function checkCost(largest: number | null, maxCost: number): void {
  if (largest === null) throw new Fault("price_unknown", "What it may cost is not known.");
  if (largest <= maxCost) return;
  const [most, may] = [maxCost, largest].map((micros) => z.encode(moneyField, micros));
  throw new Fault(
    "request_invalid",
    `It may cost up to ${may}, which is more than maxCost, ${most}.`,
  );
}
