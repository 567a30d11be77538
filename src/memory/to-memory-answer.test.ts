import { expect, test } from "vitest";
import { toLabelsOfAnswer, toRecalled } from "./to-memory-answer.ts";

const found = { hits: [], rows: 0, stale: 0, changed: 0, writtenAtMs: null, unembedded: null };
const recalled = { ...found, compared: "none", spelling: true, labels: ["confidential"] } as const;

test("what is handed over again has the labels that it had", () => {
  const { text, labels } = toRecalled(recalled, 0);
  expect(labels).toEqual(["confidential"]);
  expect(toLabelsOfAnswer(text)).toEqual(["confidential"]);
  expect(toLabelsOfAnswer(toRecalled({ ...recalled, labels: [] }, 0).text)).toEqual([]);
});

test("where its labels were redacted, it may have any", () => {
  const every = ["trusted", "untrusted", "confidential"];
  const { structuredContent, ...rest } = JSON.parse(toRecalled(recalled, 0).text);
  const redacted = { ...structuredContent, labels: "[redacted]" };
  for (const answer of [rest, { ...rest, structuredContent: redacted }])
    expect(toLabelsOfAnswer(JSON.stringify(answer)).toSorted()).toEqual(every.toSorted());
});
