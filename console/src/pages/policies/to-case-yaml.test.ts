import { expect, test } from "vitest";
import { parseCases } from "../../../../src/adapters/yaml/parse-cases.ts";
import type { PolicyExplanation } from "../../../../src/client/client.ts";
import { readQuestion, toForm } from "./question.ts";
import { toCaseYaml } from "./to-case-yaml.ts";

const form = toForm({
  subject: 'a "b": c',
  kind: "service",
  roles: "payer, clerk",
  tool: "bank__pay",
  args: '{"amount":700,"note":"x: # y"}',
  labels: ["untrusted"],
  at: "2026-11-20T10:30:00+01:00",
})!;

const decided = {
  kind: "ask",
  reasons: [{ rule: "pay-ask", text: "Above 500.", remedy: null }],
  approvers: [{ who: "role:finance", quorum: 1, passkey: false }],
} as const;

test("what was asked and what came of it is a case that the product reads", () => {
  const read = readQuestion(form);
  if (read.kind === "wrong") throw new Error(JSON.stringify(read.wrong));
  const explained = { decision: decided } as unknown as PolicyExplanation;
  const text = `cases:\n${toCaseYaml(read.question, explained).replace(/^/gm, "  ")}`;
  expect(parseCases(text)).toMatchObject({
    kind: "valid",
    cases: [
      {
        wanted: {
          as: { subject: 'a "b": c', kind: "service", roles: ["payer", "clerk"] },
          tool: "bank__pay",
          args: { amount: 700, note: "x: # y" },
          labels: ["untrusted"],
          at: "2026-11-20T09:30:00.000Z",
          expect: "ask",
          rule: "pay-ask",
          approvers: ["role:finance"],
        },
      },
    ],
  });
});

test("a question that cannot be asked says at each field why", () => {
  const read = readQuestion({ ...form, subject: " ", args: '{"a":1,"a":2}', at: "soon" });
  expect(read).toMatchObject({
    kind: "wrong",
    wrong: {
      subject: "Say who asks.",
      args: expect.stringContaining("/a: "),
      at: expect.any(String),
    },
  });
});
