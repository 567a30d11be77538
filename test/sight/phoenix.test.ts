import { convertGenAISpanAttributesToOpenInferenceSpanAttributes as convert } from "@arizeai/openinference-genai";
import { expect, test } from "vitest";
import { isEndedSpan } from "../../src/model/span.ts";
import { projectRun } from "../../src/sight/project-run.ts";
import { toExported } from "../../src/sight/to-exported.ts";
import { run, writtenLog } from "./written-log.ts";

/**
 * Phoenix reads names of OpenInference, and has a converter of its own for those of OpenTelemetry. We write
 * both: what the converter makes of the one has to be the other.
 */
type Plain = Readonly<Record<string, string | number | boolean | string[]>>;

const ofOpenInference = /^(openinference|llm|tool|input|output)\./;

/** What stands for a wait or a child is ours: their conventions have no word for it, and theirs is left alone. */
const isTheirs = ({ attributes }: { readonly attributes: Plain }): boolean =>
  "gen_ai.operation.name" in attributes;

const spans = projectRun({ run, events: writtenLog, model: "smart" })
  .filter(isEndedSpan)
  .map((span) => toExported(span, { drop: [], redact: (text) => text }))
  .map(({ name, attributes }) => ({ name, attributes: attributes as unknown as Plain }))
  .filter(isTheirs);

function withoutOpenInference(attributes: Plain): Plain {
  return Object.fromEntries(
    Object.entries(attributes).filter(([name]) => !ofOpenInference.test(name)),
  );
}

test.each(spans)("$name: Phoenix's converter reads what we say ourselves", ({ attributes }) => {
  const converted = convert({ ...withoutOpenInference(attributes) }) as Plain;
  const said = Object.fromEntries(
    Object.keys(converted)
      .filter((name) => name in attributes)
      .map((name) => [name, attributes[name]]),
  );
  expect(converted).toMatchObject(said);
  // A destination that converts by itself must not read anything else than one that does not.
  expect({ ...attributes, ...converted }).toMatchObject(attributes);
});

test("models, tools and agents are told apart by it, with tokens", () => {
  const kinds = spans.map(({ attributes }) => {
    const converted = convert({ ...withoutOpenInference(attributes) }) as Plain;
    return [attributes["openinference.span.kind"], converted["openinference.span.kind"]];
  });
  for (const kind of ["LLM", "TOOL", "AGENT", "RETRIEVER"])
    expect(kinds.filter(([own]) => own === kind).map(([, read]) => read)).toEqual(
      kinds.filter(([own]) => own === kind).map(() => kind),
    );
  const answered = spans.find(({ attributes }) => "gen_ai.usage.cost" in attributes)!;
  const read = convert({ ...withoutOpenInference(answered.attributes) }) as Plain;
  expect(read).toMatchObject({
    "llm.model_name": "smart",
    "llm.token_count.prompt": 20,
    "llm.token_count.completion": 10,
    "llm.token_count.prompt_details.cache_read": 8,
  });
  // Costs are not in the conventions that it converts: they go out under OpenInference's own name.
  expect(read).not.toHaveProperty("llm.cost.total");
  expect(answered.attributes["llm.cost.total"]).toBe(answered.attributes["gen_ai.usage.cost"]);
});
