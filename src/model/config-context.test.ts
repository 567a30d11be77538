import { expect, test } from "vitest";
import { parseConfig } from "../adapters/yaml/parse-config.ts";

const document = (context: string) => `version: 1
models:
  backends: { demo: { kind: scripted, script: demo.yaml } }
  routes: { fast: [[{ backend: demo }]], small: [[{ backend: demo }]] }
agents:
  travel: { description: D, model: fast, instructions: I, maxTokens: 4096, context: ${context} }
`;

test("what a context does not say has a default", () => {
  const parsed = parseConfig(document("{}"));
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  expect(parsed.revision.config.agents["travel"]!.context).toEqual({
    window: 128_000,
    toolTokens: 16_000,
    compaction: { at: 0.75, keepTurns: 4, maxTokens: 2_048 },
    sources: {},
  });
  expect(parseConfig(document("{ compaction: { model: small } }")).kind).toBe("valid");
});

test.each([
  ["{ window: 4096 }", "window", "leaves nothing beside an answer of 4096 tokens", null],
  ["{ window: 1999 }", "window", /2000/, null],
  [
    "{ compaction: { model: smal } }",
    "compaction.model",
    "names no route of models.routes",
    "small",
  ],
  ["{ compaction: { at: 0.96 } }", "compaction.at", "takes a share from 0.2 to 0.95", null],
  ["{ compaction: { keepTurns: 0 } }", "compaction.keepTurns", /1/, null],
  ["{ compaction: { maxTokens: 63 } }", "compaction.maxTokens", /64/, null],
  ["{ compaction: { prompt: '' } }", "compaction.prompt", /./, null],
] as const)("a context of %s is refused, and says where", (context, key, message, suggestion) => {
  const parsed = parseConfig(document(context));
  if (parsed.kind === "valid") throw new Error("it was taken");
  expect(parsed.problems).toMatchObject([
    {
      key: `agents.travel.context.${key}`,
      message: typeof message === "string" ? message : expect.stringMatching(message),
      ...(suggestion === null ? {} : { suggestion }),
    },
  ]);
});
