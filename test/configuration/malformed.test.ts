import fc from "fast-check";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/adapters/yaml/parse-config.ts";
import { toConfigRevision } from "../../src/model/config-revision.ts";
import { renderProblem } from "../../src/model/problem.ts";
import { scaled, seed } from "../scale.ts";
import { scrambled, soundDocument, spoilt } from "./spoil-document.ts";
import { createRevisions, createScene, startReplica } from "./start-configuration.ts";

async function startSound() {
  const scene = createScene();
  const store = createRevisions();
  const document = soundDocument;
  const configuration = await startReplica(scene, { document, revisions: store.revisions });
  return { configuration, scene, store };
}

test("the document that the spoilt ones are made of is sound", () => {
  expect(parseConfig(soundDocument)).toMatchObject({ kind: "valid" });
});

test("malformed configurations: each refused with key and line, none crashes, the old revision still serves", async () => {
  const { configuration, scene, store } = await startSound();
  const serving = configuration.live();
  const count = scaled({ test: 200, prove: 2_000 });
  const ways = new Set<string>();
  await fc.assert(
    fc.asyncProperty(spoilt, async ({ how, document, line, key, secret }) => {
      ways.add(how.replace(/ at .*| \S+$/, ""));
      const applied = await configuration.apply(document, null);
      if (applied.kind !== "invalid") throw new Error(`${how}: ${applied.kind}\n${document}`);
      const said = applied.problems.map((problem) => renderProblem(problem, "c"));
      const named = applied.problems.some(
        (problem) => problem.line === line && (key === null || problem.key === key),
      );
      if (!named) throw new Error(`${how}: ${key} at line ${line} is not in\n${said.join("\n")}`);
      if (secret !== undefined) expect(JSON.stringify(applied)).not.toContain(secret);
      expect(configuration.live()).toBe(serving);
    }),
    { seed: seed(), numRuns: count },
  );
  expect(ways.size).toBeGreaterThan(10);
  expect(serving.parts.running).toBe(true);
  expect([scene.parts.length, (await store.revisions.list(9)).length]).toEqual([1, 1]);
});

test("scrambled documents are applied or refused with a place, and nothing crashes", async () => {
  const { configuration } = await startSound();
  await fc.assert(
    fc.asyncProperty(scrambled, async (document) => {
      const applied = await configuration.apply(document, null);
      const length = document.split("\n").length;
      for (const problem of applied.kind === "invalid" ? applied.problems : []) {
        expect(problem.line).toBeGreaterThanOrEqual(1);
        expect(problem.line).toBeLessThanOrEqual(length);
        expect(problem.column).toBeGreaterThanOrEqual(1);
        expect(problem.message).not.toBe("");
      }
      const { revision, config } = configuration.live();
      expect(toConfigRevision(config).digest).toBe(revision.digest);
    }),
    { seed: seed(), numRuns: scaled({ test: 1_000, prove: 20_000 }) },
  );
});

/** The same configuration written in other ways: order, style, comments, defaults, line ends. */
const rewriting = fc.record({
  order: fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
  isJson: fc.boolean(),
  comments: fc.boolean(),
  lineBreak: fc.constantFrom("\n", "\r\n"),
  mark: fc.constantFrom("", "\ufeff"),
  indent: fc.constantFrom(1, 2, 4),
});

test("a digest depends on what a document says, not on how it is written", () => {
  const parsed = parseConfig(soundDocument);
  if (parsed.kind === "invalid") throw new Error("the document is not sound");
  const plain: unknown = JSON.parse(new TextDecoder().decode(parsed.revision.bytes));
  fc.assert(
    fc.property(rewriting, (style) => {
      const text = write(plain, style);
      const again = parseConfig(text);
      if (again.kind === "invalid") throw new Error(`${JSON.stringify(again.problems)}\n${text}`);
      expect(again.revision.digest).toBe(parsed.revision.digest);
      expect(again.revision.bytes).toEqual(parsed.revision.bytes);
    }),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 5_000 }) },
  );
});

type Style = typeof rewriting extends fc.Arbitrary<infer Value> ? Value : never;

function write(value: unknown, style: Style): string {
  const shuffled = shuffle(value, [...style.order]);
  const text = style.isJson
    ? JSON.stringify(shuffled, null, style.indent)
    : writeBlock(shuffled as object, { style, depth: 0 });
  return `${style.mark}${text}`.replaceAll("\n", style.lineBreak);
}

function shuffle(value: unknown, order: number[]): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const ranked = Object.entries(value).map(([key, below]) => ({
    key,
    below,
    rank: order.pop() ?? 0,
  }));
  ranked.sort((a, b) => a.rank - b.rank);
  return Object.fromEntries(ranked.map(({ key, below }) => [key, shuffle(below, order)]));
}

function writeBlock(value: object, { style, depth }: { style: Style; depth: number }): string {
  const indent = " ".repeat(style.indent * depth);
  const comment = style.comments ? ` # ${"about ".repeat(depth + 1)}` : "";
  return Object.entries(value)
    .map(([key, below]: [string, unknown]) => {
      const isLeaf = typeof below !== "object" || below === null || Array.isArray(below);
      if (isLeaf || Object.keys(below).length === 0) {
        return `${indent}${key}: ${JSON.stringify(below)}${comment}\n`;
      }
      return `${indent}${key}:${comment}\n${writeBlock(below, { style, depth: depth + 1 })}`;
    })
    .join(style.comments ? "\n# between\n" : "");
}
