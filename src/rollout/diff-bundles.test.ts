import fc from "fast-check";
import { expect, test } from "vitest";
import { looker, tenant, toCatalog, toConfig, travel } from "../../test/rollout/scene.ts";
import { scaled, seed } from "../../test/scale.ts";
import { toBundleDigest, type Bundle } from "../model/bundle.ts";
import { toDigest } from "../model/index.ts";
import { toTreeDigest } from "../model/skill.ts";
import { buildBundle } from "./build-bundle.ts";
import { diffBundles } from "./diff-bundles.ts";

const config = toConfig();
const { bundle: built } = buildBundle("travel", {
  config,
  catalog: await toCatalog(config),
  skills: new Map(),
  tenant,
});
const files = ["SKILL.md", "references/a b.md"].map((path) => ({
  path,
  digest: toDigest(path),
  size: path.length,
}));
/** With something in every place that may hold something. */
const full: Bundle = {
  ...built,
  skills: [
    {
      name: "packing",
      description: "Packs bags.",
      digest: toTreeDigest(files),
      wishes: ["Read"],
      files,
    },
  ],
  memory: { fields: { seat: "text" } },
};

const linesOf = (before: Bundle, after: Bundle) =>
  diffBundles(before, after).map(({ text }) => text);

type Path = readonly (string | number)[];
interface Leaf {
  readonly path: Path;
  readonly value: unknown;
}

function listLeaves(value: unknown, path: Path = []): readonly Leaf[] {
  if (typeof value !== "object" || value === null) return [{ path, value }];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, below]) =>
    listLeaves(below, [...path, isList ? Number(key) : key]),
  );
}

function withLeaf(bundle: Bundle, path: Path, value: unknown): Bundle {
  const copy = structuredClone(bundle) as unknown;
  let at = copy as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, unknown>;
  at[path.at(-1)!] = value;
  return copy as Bundle;
}

const leaves = listLeaves(full);
const allKeys = Object.keys(full);

/** How the diff calls what stands at a path. */
function toComponent([first, index]: Path): RegExp {
  const named = (items: readonly object[], key: string) =>
    (items[Number(index)] as Readonly<Record<string, string>>)[key]!;
  switch (first) {
    case "v":
      return /^format$/;
    case "model":
      return /^model /;
    case "tools":
      return toExact("tool", named(full.tools, "exposed"));
    case "servers":
      return toExact("server", named(full.servers, "name"));
    case "skills":
      return toExact("skill", named(full.skills, "name"));
    case "policy":
      return index === "rules" ? /^policy rule all$/ : /^policy$/;
    case "compensations":
      return /^compensation booking__book$/;
    default:
      return new RegExp(`^${String(first)}$`);
  }
}

const toExact = (noun: string, name: string): RegExp => new RegExp(`^${noun} ${name}$`);

/** Another value of the same kind: as little different as can be. */
function toFlips(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value === "boolean") return fc.constant(!value);
  if (typeof value === "number") return fc.constantFrom(value + 1, value + 0.5);
  if (value === null) return fc.constantFrom(0, "", false);
  if (typeof value !== "string") throw new Error("a leaf is no value of JSON");
  const text = value;
  return fc
    .tuple(fc.nat(text.length), fc.constantFrom("x", " ", "\u200b", ""))
    .map(([at, sign]) => `${text.slice(0, at)}${sign}${text.slice(at + 1)}`)
    .filter((other) => other !== text);
}

test("every component of a bundle has leaves here, so that none goes unproven", () => {
  const seen = new Set(leaves.map(({ path }) => path[0]));
  expect(allKeys.filter((key) => !seen.has(key))).toEqual([]);
});

test("I7: any changed byte of any component changes the digest, and the diff names the component", () => {
  const flipped = fc
    .constantFrom(...leaves)
    .chain((leaf) => toFlips(leaf.value).map((value) => ({ leaf, value })));
  const check = ({ leaf, value }: { leaf: Leaf; value: unknown }) => {
    const other = withLeaf(full, leaf.path, value);
    expect(toBundleDigest(other)).not.toBe(toBundleDigest(full));
    const changes = diffBundles(full, other);
    const components = changes.map(({ component }) => component);
    expect(components).toContainEqual(expect.stringMatching(toComponent(leaf.path)));
    for (const { component, text } of changes) {
      expect(text.startsWith(component)).toBe(true);
      expect(text).not.toBe(component);
      expect(text).not.toContain("\n");
    }
    expect(linesOf(other, full)).toHaveLength(changes.length);
  };
  fc.assert(fc.property(flipped, check), {
    seed: seed(),
    numRuns: scaled({ test: 1_000, prove: 50_000 }),
  });
  // And each of them once, whatever was drawn.
  for (const leaf of leaves) {
    const value = typeof leaf.value === "string" ? `${leaf.value}x` : 7;
    check({ leaf, value });
  }
});

test("a bundle does not differ from itself", () => {
  expect(diffBundles(full, structuredClone(full))).toEqual([]);
});

test("says in words what changed, a line a component", async () => {
  const after = toConfig({
    models: {
      backends: { demo: { kind: "scripted", script: "demo.yaml" } },
      routes: { fast: [[{ backend: "demo" }]] },
    },
    policy: {
      rules: {
        all: "permit (principal, action, resource);",
        spending: "forbid (principal, action, resource) when { false };",
      },
    },
    agents: {
      travel: {
        ...travel,
        maxTokens: 8_192,
        instructions: "You book flights.\nAsk before you pay anything.\nBe brief.\n",
        tools: ["booking__book", "booking__cancel"],
        budget: { tokens: 100_000 },
      },
      looker: { ...looker, description: "Looks flights up, and trains." },
    },
  });
  const catalog = await toCatalog(after, { versions: { booking: "1.1.0" } });
  const { bundle } = buildBundle("travel", { config: after, catalog, skills: new Map(), tenant });
  expect(linesOf(built, bundle)).toEqual([
    expect.stringMatching(
      /^model fast: maxTokens 4096 → 8192, route group 1 place 1 adapter "qwen3-travel" → none, /,
    ),
    'instructions changed (line 2: "Ask before you pay." → "Ask before you pay anything.", 3 → 4 lines)',
    expect.stringMatching(
      /^tool agents__looker: definition sha256:[0-9a-f]{12}… → sha256:[0-9a-f]{12}…$/,
    ),
    "tool flights__search removed",
    'server booking: version "1.0.0" → "1.1.0"',
    "server flights removed",
    expect.stringMatching(/^policy: digest /),
    "policy rule spending added",
    "limits: at most money in millionths 2500000 → none",
  ]);
});

test("a changed order alone is said", () => {
  const turned = { ...full, tools: full.tools.toReversed() };
  expect(linesOf(full, turned)).toEqual(["tools: the same in another order"]);
});

test("texts that begin alike are told apart by their digests", () => {
  const [one, two] = ["a".repeat(500), `${"a".repeat(499)}b`];
  const [line] = linesOf({ ...full, description: one }, { ...full, description: two });
  expect(line).toMatch(/^description changed \(line 1: .*sha256:[0-9a-f]{64}.* → .*sha256:/);
});
