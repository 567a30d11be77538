import fc from "fast-check";
import { expect, test } from "vitest";
import { looker, tenant, toCatalog, toConfig, travel } from "../../test/rollout/scene.ts";
import { scaled, seed } from "../../test/scale.ts";
import { createRuleDecider } from "../gate/rule-decider.ts";
import { fromBundleBytes, toBundleBytes } from "../model/bundle.ts";
import { toDigest, type Digest, type TenantId } from "../model/index.ts";
import { toTreeDigest, type SkillHead, type SkillTree } from "../model/skill.ts";
import { createInMemoryBlobs } from "../ports/in-memory-rows.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { buildBundle } from "./build-bundle.ts";
import { createBundles } from "./bundles.ts";
import { diffBundles } from "./diff-bundles.ts";

type Files = Readonly<Record<string, Uint8Array>>;
const other = "other" as TenantId;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const plain = toConfig({ agents: { travel, looker } });

/** An agent with skills, as a revision has them after their folders were read. */
function toScene(skills: Readonly<Record<string, Files>>) {
  const trees = new Map<Digest, SkillTree>();
  const heads = Object.entries(skills).map(([name, files]): SkillHead => {
    const tree = Object.entries(files).map(([path, content]) => ({
      path,
      digest: toDigest(content),
      size: content.length,
    }));
    const digest = toTreeDigest(tree);
    trees.set(digest, tree);
    return { name, description: `Does ${name}.`, digest, wishes: ["Bash(git:*)"] };
  });
  const agents = {
    ...plain.agents,
    travel: { ...plain.agents["travel"]!, loadedSkills: heads },
  };
  return { config: { ...plain, agents }, skills: trees };
}

const catalog = await toCatalog(toConfig());
const build = (skills: Readonly<Record<string, Files>>) =>
  buildBundle("travel", { ...toScene(skills), catalog, tenant });

const set = {
  booking: { "SKILL.md": bytes("# Booking"), "scripts/book.py": bytes("print()") },
  packing: { "SKILL.md": bytes("# Packing"), "references/bags of mine.md": bytes("# Bags") },
};

test("a bundle names of each skill every file, with digest and size", () => {
  const { bundle } = build(set);
  expect(bundle.skills.map(({ name, files }) => [name, files.map(({ path }) => path)])).toEqual([
    ["booking", ["SKILL.md", "scripts/book.py"]],
    ["packing", ["SKILL.md", "references/bags of mine.md"]],
  ]);
  expect(bundle.skills[1]).toMatchObject({ wishes: ["Bash(git:*)"], files: [{ size: 9 }, {}] });
  expect(fromBundleBytes(toBundleBytes(bundle))).toEqual(bundle);
  // A wish is no tool.
  expect(bundle.tools).toEqual(build({}).bundle.tools);
});

test("I7: any changed byte of any file changes the bundle's digest, and the diff names the file", () => {
  const before = build(set);
  const places = Object.entries(set).flatMap(([name, files]) =>
    Object.keys(files).map((path) => ({ name, path })),
  );
  const contentOf = (name: string, path: string) => (set as Record<string, Files>)[name]![path]!;
  const changed = fc
    .constantFrom(...places)
    .chain(({ name, path }) =>
      fc
        .tuple(fc.nat(contentOf(name, path).length - 1), fc.integer({ min: 1, max: 255 }))
        .map(([at, flip]) => ({ name, path, at, flip })),
    );
  fc.assert(
    fc.property(changed, ({ name, path, at, flip }) => {
      const content = Uint8Array.from(contentOf(name, path));
      content[at]! ^= flip;
      const files = { ...(set as Record<string, Files>)[name], [path]: content };
      const after = build({ ...set, [name]: files });
      expect(after.digest).not.toBe(before.digest);
      const [change, ...rest] = diffBundles(before.bundle, after.bundle);
      expect(rest).toEqual([]);
      expect(change!.component).toBe(`skill ${name}`);
      expect(change!.text).toContain(`file ${path} digest sha256:`);
    }),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 10_000 }) },
  );
});

test("a file that comes, goes or is called otherwise is another skill, and is named", () => {
  const before = build(set);
  const lines = (skills: Readonly<Record<string, Files>>) => {
    const after = build(skills);
    expect(after.digest).not.toBe(before.digest);
    return diffBundles(before.bundle, after.bundle).map(({ text }) => text);
  };
  const { booking, packing } = set;
  expect(lines({ booking })).toEqual(["skill packing removed"]);
  expect(lines({ ...set, more: booking })).toEqual(["skill more added"]);
  expect(lines({ packing, booking: { ...booking, "new.md": bytes("x") } })[0]).toContain("new.md");
  const moved = { "SKILL.md": packing["SKILL.md"], "b.md": bytes("# Bags") };
  const [line] = lines({ booking, packing: moved });
  expect(line).toMatch(/file b\.md none → /);
  expect(line).toMatch(/file references\/bags of mine\.md .* → none/);
});

function open(blobs = createInMemoryBlobs()) {
  return createBundles({
    ...toScene(set),
    home: tenant,
    blobs,
    catalog: () => catalog,
    look: () => Promise.reject(new Error("nobody is new")),
    clock: createManualClock(1_000),
    toDecider: () => createRuleDecider("deny-all"),
  });
}

test("another tenant's bundle has files of its own, and none that nobody built there", async () => {
  const blobs = createInMemoryBlobs();
  const files = Object.values(set).flatMap((each) => Object.values<Uint8Array>(each));
  const bundles = open(blobs);
  await expect(bundles.build(other, "travel")).rejects.toMatchObject({ code: "config_invalid" });
  for (const content of files) await blobs.put(tenant, toDigest(content), content);
  for (const content of files) expect(await bundles.readFile(other, toDigest(content))).toBeNull();
  const built = await bundles.build(other, "travel");
  // What is taken from the one is not taken from the other.
  for (const content of files) await blobs.remove(tenant, toDigest(content));
  for (const content of files)
    expect(await bundles.readFile(other, toDigest(content))).toEqual(content);
  expect(await bundles.readFile("third" as TenantId, toDigest(files[0]!))).toBeNull();
  expect((await bundles.read(other, built.digest))?.bundle.skills).toHaveLength(2);
});

test("bytes that are not those of the digest are never handed over", async () => {
  const blobs = createInMemoryBlobs();
  await blobs.put(tenant, toDigest("asked"), bytes("given"));
  await expect(open(blobs).readFile(tenant, toDigest("asked"))).rejects.toMatchObject({
    code: "record_unreadable",
  });
});

test("a bundle of before there were skills is what one without skills is now", () => {
  const { bundle, digest } = build({});
  const kept = toBundleBytes(bundle);
  expect(new TextDecoder().decode(kept)).toContain('"skills":[]');
  expect([toDigest(kept), fromBundleBytes(kept)]).toEqual([digest, bundle]);
});
