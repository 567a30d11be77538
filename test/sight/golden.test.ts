import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { encodeSpans } from "../../src/adapters/otel/encode-spans.ts";
import { attributes } from "../../src/model/span-attributes.ts";
import { isEndedSpan, type EndedSpan } from "../../src/model/span.ts";
import { runEventSchema } from "../../src/model/run-event.ts";
import { projectRun } from "../../src/sight/project-run.ts";
import { toExported } from "../../src/sight/to-exported.ts";
import { withTexts } from "../../src/sight/span-texts.ts";
import { decode } from "./collector.ts";
import { run, writtenLog } from "./written-log.ts";

const spans = projectRun({ run, events: writtenLog, model: "smart" });
const at = (name: string): string =>
  fileURLToPath(new URL(`../golden/traces-${name}.txt`, import.meta.url));
const redact = (text: string): string => text.replaceAll("ada", "[redacted]");

/** As the collector reads it, after everything that is done to it on its way. */
function render(exported: readonly EndedSpan[]): string {
  const read = decode(encodeSpans(exported, { version: "1.2.3" }));
  return read
    .map((span) => {
      const { bytes: _, attributes: said, ...rest } = span;
      const lines = Object.entries(said).map(
        ([name, value]) => `    ${name}: ${JSON.stringify(value)}`,
      );
      return `${JSON.stringify(rest)}\n${lines.join("\n")}\n`;
    })
    .join("\n");
}

test("the log that it is made of is one that a run can have", () => {
  for (const { event } of writtenLog) runEventSchema.parse(event);
  expect(spans.every(isEndedSpan)).toBe(true);
});

test("a destination of everything but texts", async () => {
  const exported = spans
    .filter(isEndedSpan)
    .map((span) => toExported(span, { drop: [], redact: (text) => text }));
  await expect(render(exported)).toMatchFileSnapshot(at("phoenix"));
});

test("a destination with redacted texts, and without a user", async () => {
  const runs = { content: async () => JSON.stringify({ text: "Said by ada.", name: null }) };
  const reading = { runs, tenant: "default" as never, run, redact };
  const full = await Promise.all(spans.filter(isEndedSpan).map((span) => withTexts(reading, span)));
  const exported = full.map((span) => toExported(span, { drop: ["user.id"], redact }));
  const text = render(exported);
  expect(text).not.toContain("ada");
  await expect(text).toMatchFileSnapshot(at("langfuse"));
});

test("no name is sent that is not in the table, and no reasoning but its count", () => {
  for (const span of spans)
    for (const name of Object.keys(span.attributes))
      expect(Object.keys(attributes)).toContain(name);
  const names = Object.keys(attributes).filter((name) => name.includes("reason"));
  expect(names.filter((name) => !/token/.test(name))).toEqual(["gen_ai.response.finish_reasons"]);
});

test("costs stand on spans of models alone, and add up to what the run was charged", () => {
  const dear = spans.filter((span) => "gen_ai.usage.cost" in span.attributes);
  expect(new Set(dear.map((span) => span.attributes["openinference.span.kind"]))).toEqual(
    new Set(["LLM"]),
  );
  const sum = dear.reduce((all, span) => all + span.attributes["gen_ai.usage.cost"]!, 0);
  expect(sum).toBeCloseTo(0.004, 9);
});
