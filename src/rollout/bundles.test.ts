import { expect, test } from "vitest";
import { looker, tenant, toCatalog, toConfig, travel } from "../../test/rollout/scene.ts";
import { createPolicyDecider } from "../gate/policy-decider.ts";
import { createRuleDecider } from "../gate/rule-decider.ts";
import { toBundleBytes, toBundleDigest, type Bundle } from "../model/bundle.ts";
import type { Config } from "../model/config.ts";
import { toDigest, type TenantId } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Decider, Question } from "../ports/decider.ts";
import { createInMemoryBlobs } from "../ports/in-memory-rows.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { Blobs } from "../ports/store.ts";
import { toBundledPolicy, toPolicyDigest } from "./bundled-policy.ts";
import { createBundles, type BundlesOptions } from "./bundles.ts";

const catalog = await toCatalog(toConfig());
const book = catalog.toolsets.get("")!.tools.get("booking__book")!;

const asking: Question = {
  server: { name: "booking" },
  tool: book,
  method: "tools/call",
  kind: "Tool",
  target: "book",
  effect: "write",
  outward: false,
  principal: { tenant, kind: "user", subject: "ada", actor: null },
  roles: [],
  toolset: "",
  args: { id: "1" },
  labels: [],
  nowMs: 0,
  run: null,
  sandbox: null,
  approved: false,
};

const toDecider: BundlesOptions["toDecider"] = (rules) =>
  typeof rules === "string" ? createRuleDecider(rules) : createPolicyDecider(rules);

interface Given {
  readonly config?: Config;
  readonly blobs?: Blobs;
  readonly skills?: BundlesOptions["skills"];
  readonly catalog?: () => Catalog;
  readonly look?: BundlesOptions["look"];
  readonly cache?: BundlesOptions["cache"];
}

function open(given: Given = {}) {
  const clock = createManualClock(1_000);
  const bundles = createBundles({
    config: given.config ?? toConfig(),
    catalog: given.catalog ?? (() => catalog),
    look: given.look ?? (() => Promise.reject(new Error("nobody is new"))),
    blobs: given.blobs ?? createInMemoryBlobs(),
    skills: given.skills ?? new Map(),
    home: tenant,
    clock,
    toDecider,
    ...(given.cache === undefined ? {} : { cache: given.cache }),
  });
  return { bundles, clock };
}

/** Bundles that count what they read. */
function countReads() {
  const blobs = createInMemoryBlobs();
  const read = { count: 0 };
  const get: Blobs["get"] = (...asked) => {
    read.count++;
    return blobs.get(...asked);
  };
  return { blobs: { ...blobs, get }, read };
}

async function keep(blobs: Blobs, changed: (bundle: Bundle) => Bundle) {
  const { bundle } = await open().bundles.resolve(tenant, "travel");
  const other = changed(bundle);
  const digest = toBundleDigest(other);
  await blobs.put(tenant, digest, toBundleBytes(other));
  return digest;
}

const decide = (rules: Decider) => rules.decide(asking);
const permit = "permit (principal, action, resource);";
const withRules = (rules: Record<string, string>) => toConfig({ policy: { rules } });

test("I7: a bundle is read as it was built, whatever configuration serves meanwhile", async () => {
  const blobs = createInMemoryBlobs();
  const old = await open({ blobs }).bundles.build(tenant, "travel");
  const config = toConfig({
    policy: { rules: { none: "forbid (principal, action, resource);" } },
    agents: { travel: { ...travel, instructions: "Other.", maxSteps: 1 }, looker },
  });
  const { bundles } = open({ blobs, config });
  const read = await bundles.read(tenant, old.digest);
  expect(read?.bundle).toEqual(old.bundle);
  expect(read?.digest).toBe(old.digest);
  expect(decide(read!.rules).kind).toBe("allow");
  const next = await bundles.build(tenant, "travel");
  expect(next.digest).not.toBe(old.digest);
  expect(decide(next.rules).kind).toBe("deny");
});

test("a bundle that was never kept is null, also for another tenant and for one that was only looked at", async () => {
  const { bundles } = open();
  const { digest } = await bundles.resolve(tenant, "travel");
  expect(await bundles.read(tenant, digest)).toBeNull();
  await bundles.build(tenant, "travel");
  expect((await bundles.read(tenant, digest))?.digest).toBe(digest);
  expect(await bundles.read("other" as TenantId, digest)).toBeNull();
});

test("bytes that are not those of the digest are refused, and so are those of no bundle", async () => {
  const blobs = createInMemoryBlobs();
  const { bundle } = await open().bundles.resolve(tenant, "travel");
  const asked = toDigest("asked");
  await blobs.put(tenant, asked, toBundleBytes(bundle));
  const none = new TextEncoder().encode('{"v":1}');
  await blobs.put(tenant, toDigest(none), none);
  const { bundles } = open({ blobs });
  for (const digest of [asked, toDigest(none)])
    await expect(bundles.read(tenant, digest)).rejects.toMatchObject({ code: "record_unreadable" });
});

test("I14: rules that do not compile any more deny everything", async () => {
  const blobs = createInMemoryBlobs();
  const broken = [
    [{ name: "all", text: `${permit} permit (` }],
    [{ name: "all", text: "@gone(1) permit (principal, action, resource);" }],
    [
      { name: "a", text: `@id("same") ${permit}` },
      { name: "b", text: `@id("same") ${permit}` },
    ],
    [
      { name: "all", text: permit },
      { name: "all", text: permit },
    ],
  ];
  const { bundles } = open({ blobs });
  for (const rules of broken) {
    const rest = { rule: "allow-all" as const, rules };
    const policy = { ...rest, digest: toPolicyDigest(rest) };
    const digest = await keep(blobs, (bundle) => ({ ...bundle, policy }));
    const read = await bundles.read(tenant, digest);
    expect(decide(read!.rules)).toMatchObject({ kind: "deny", reasons: [{ rule: "bundle" }] });
    expect([read!.rules.keepsLabels, read!.rules.readsLabels(asking)]).toEqual([false, false]);
  }
});

test("I14: rules under the digest of others deny everything, and leave the others as they are", async () => {
  const blobs = createInMemoryBlobs();
  const forbid = toBundledPolicy(
    withRules({ all: "forbid (principal, action, resource);" }).policy,
  );
  const digest = await keep(blobs, (bundle) => ({
    ...bundle,
    policy: { ...bundle.policy, digest: forbid.digest },
  }));
  const { bundles } = open({ blobs });
  expect(decide((await bundles.read(tenant, digest))!.rules).kind).toBe("deny");
  const own = await bundles.build(tenant, "travel");
  expect(decide(own.rules).kind).toBe("allow");
});

test("where no rules are written the bundle has the one rule that held", async () => {
  for (const [rule, kind] of [
    ["allow-all", "allow"],
    ["deny-all", "deny"],
  ] as const) {
    const { bundles } = open({ config: toConfig({ policy: { rule } }) });
    expect(decide((await bundles.build(tenant, "travel")).rules).kind).toBe(kind);
  }
});

test("the cache is bounded by number and by bytes, and what went is read again", async () => {
  const { blobs, read } = countReads();
  const [one, two] = [
    await open({ blobs }).bundles.build(tenant, "travel"),
    await open({ blobs }).bundles.build(tenant, "looker"),
  ];
  const { bundles } = open({ blobs, cache: { bundles: 1, bytes: 1_000_000 } });
  for (const { digest } of [one, one, two, two, one]) await bundles.read(tenant, digest);
  expect(read.count).toBe(3);
  const tight = open({ blobs, cache: { bundles: 10, bytes: 10 } }).bundles;
  expect((await tight.read(tenant, one.digest))?.bundle).toEqual(one.bundle);
  await tight.read(tenant, one.digest);
  expect(read.count).toBe(5);
});

test("rules that were put out by others are compiled again when they are asked", async () => {
  const blobs = createInMemoryBlobs();
  const { bundles } = open({ blobs });
  const first = await bundles.build(tenant, "travel");
  for (let index = 0; index < 40; index++) {
    const policy = toBundledPolicy(withRules({ all: `${permit} // ${index}` }).policy);
    const digest = await keep(blobs, (bundle) => ({ ...bundle, policy }));
    expect(decide((await bundles.read(tenant, digest))!.rules).kind).toBe("allow");
  }
  expect(decide(first.rules).kind).toBe("allow");
});

test("once closed no bundle's rules say yes", async () => {
  const { bundles } = open();
  const { rules } = await bundles.build(tenant, "travel");
  bundles.close();
  expect(() => decide(rules)).toThrow(expect.objectContaining({ code: "draining" }) as Error);
  await expect(bundles.build(tenant, "travel")).rejects.toMatchObject({ code: "draining" });
});

test("a server that was never looked at is looked at first, and waited for no longer than 5 s", async () => {
  const config = toConfig();
  let current = await toCatalog(config, { first: { booking: ["book", "cancel"] } });
  const asked: string[] = [];
  const look = async (server: string) => {
    asked.push(server);
    current = catalog;
  };
  const { bundles } = open({ catalog: () => current, look });
  expect((await bundles.build(tenant, "travel")).bundle.tools).toHaveLength(4);
  expect(asked).toEqual(["flights"]);

  const never = await toCatalog(config, { first: { booking: ["book", "cancel"] } });
  const late = open({ catalog: () => never, look: () => new Promise(() => undefined) });
  const building = late.bundles.build(tenant, "travel").catch((error: unknown) => error);
  late.clock.advance(5_000);
  expect(await building).toMatchObject({ code: "tool_blocked" });
});

test("agents are listed as the document has them", () => {
  expect(open().bundles.agents()).toEqual([
    { name: "travel", description: "Books flights." },
    { name: "looker", description: "Looks flights up." },
  ]);
});
