import type { ModelUsage } from "../model/model-usage.ts";
import type { Attributes } from "../model/span-attributes.ts";

/** Under the names of both conventions, each as far as the backend has counted. */
export function toUsageAttributes(usage: ModelUsage): Attributes {
  const { input, cached, written, output, reasoning } = usage;
  const total = input === null || output === null ? null : input + output;
  return {
    ...(input === null
      ? {}
      : { "gen_ai.usage.input_tokens": input, "llm.token_count.prompt": input }),
    ...(output === null
      ? {}
      : { "gen_ai.usage.output_tokens": output, "llm.token_count.completion": output }),
    ...(total === null ? {} : { "llm.token_count.total": total }),
    ...(cached === null
      ? {}
      : {
          "gen_ai.usage.cache_read.input_tokens": cached,
          "llm.token_count.prompt_details.cache_read": cached,
        }),
    ...(written === null
      ? {}
      : {
          "gen_ai.usage.cache_creation.input_tokens": written,
          "llm.token_count.prompt_details.cache_write": written,
        }),
    ...(reasoning === null
      ? {}
      : {
          "gen_ai.usage.reasoning.output_tokens": reasoning,
          "llm.token_count.completion_details.reasoning": reasoning,
        }),
  };
}

/** On spans of models alone: whoever sums up a trace counts nothing twice. */
export function toCostAttributes(micros: number): Attributes {
  const cost = micros / 1_000_000;
  return { "gen_ai.usage.cost": cost, "llm.cost.total": cost };
}
