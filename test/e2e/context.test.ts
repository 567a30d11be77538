import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { toSkill, writeFiles } from "../skills/write-skills.ts";
import { createHome } from "./home.ts";
import { startShopServer } from "./shop-server.ts";

// Each command is a process of its own, beside a server and its database.
vi.setConfig({ testTimeout: 180_000 });

const rules = `@id("all") permit (principal, action, resource);
@id("gossip") @ask("A person looks at this one.") @approvers("role:approver")
forbid (principal, action == Action::"shop__gossip", resource) unless { context.approval.granted };
`;

const toDocument = (url: string, more: object = {}) => ({
  version: 1,
  policy: { rules: { shop: rules } },
  servers: {
    shop: {
      transport: "http",
      url,
      private: true,
      tools: {
        stock: { effect: "read" },
        orders: { effect: "read" },
        gossip: { effect: "read" },
        ship: { effect: "write" },
      },
    },
  },
  models: {
    backends: {
      demo: { kind: "scripted", script: "demo.json", prices: { input: "1", output: "1" } },
    },
    routes: { demo: [[{ backend: "demo" }]] },
  },
  agents: {
    clerk: {
      description: "Answers customers.",
      model: "demo",
      instructions: "You answer customers.",
      waits: true,
      skills: ["skills"],
      context: {
        window: 20_000,
        sources: {
          house: { kind: "text", text: "We sell tea.", owner: "the shop" },
          handbook: { kind: "file", file: "knowledge/handbook.md" },
          who: { kind: "profile" },
          stock: { kind: "tool", tool: "shop__stock", after: ["shop__ship"] },
          orders: {
            kind: "tool",
            tool: "shop__orders",
            from: { who: "/principal/subject", about: "/input" },
          },
          gossip: { kind: "tool", tool: "shop__gossip" },
          returns: {
            kind: "resource",
            server: "shop",
            uri: "shop://returns",
            fresh: "1s",
            budget: 64,
          },
          tone: { kind: "prompt", server: "shop", prompt: "tone", args: { lang: "German" } },
          ...more,
        },
      },
    },
  },
});

const script = {
  name: "demo",
  turns: [
    { when: { last: "user", contains: "Send it" }, calls: [{ tool: "shop__ship", args: {} }] },
    {
      when: { last: "tool", tool: "shop__ship" },
      calls: [{ tool: "run__wait", args: { seconds: 2 } }],
    },
    { when: { last: "tool", tool: "run__wait" }, say: "It is sent." },
  ],
};

interface Part {
  readonly kind: string;
  readonly name: string | null;
  readonly digest: string;
  readonly new: boolean;
}
interface Context {
  readonly step: number;
  readonly snapshot: string;
  readonly parent: string | null;
  readonly window: number;
  readonly share: number;
  readonly tokens: Readonly<Record<string, number>> & {
    readonly sources: Readonly<Record<string, number>>;
  };
  readonly counted: { readonly backend: string; readonly input: number | null } | null;
  readonly parts: readonly Part[];
  readonly dropped: readonly { readonly name: string | null; readonly why: string }[];
}
interface RunJson {
  readonly id: string;
  readonly state: string;
}
interface Event {
  readonly type: string;
  readonly source?: string;
  readonly why?: string;
  readonly isError?: boolean;
  readonly cut?: number;
}

test("I1: what a model is shown is read through the gate, kept fresh, and told: over REST and on the command line", async () => {
  const shop = await startShopServer();
  const home = createHome();
  const { directory } = home;
  const write = (more?: object) =>
    writeFileSync(
      path.join(directory, "countersign.yaml"),
      JSON.stringify(toDocument(shop.url, more)),
    );
  writeFileSync(path.join(directory, "demo.json"), JSON.stringify(script));
  writeFiles(directory, {
    "skills/packing/SKILL.md": toSkill("packing"),
    "knowledge/handbook.md": "Ask for the order's number.\n",
  });
  shop.returns = `Within 30 days. ${"And so on. ".repeat(400)}`;
  write();
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const start = async (input: string) =>
    (JSON.parse((await home.run("run", "clerk", input, "--json")).out) as RunJson).id;
  const show = async (id: string) =>
    JSON.parse((await home.run("runs", "show", id, "--json")).out) as RunJson;

  const id = await start("Send it to me.");
  for (let tries = 0; (await show(id)).state !== "waiting"; tries += 1) {
    expect(tries).toBeLessThan(100);
    await systemClock.sleep(50);
  }
  shop.returns = "Within 14 days.";
  for (let tries = 0; (await show(id)).state !== "completed"; tries += 1) {
    expect(tries).toBeLessThan(100);
    await systemClock.sleep(100);
  }

  // REST: what stood in each turn, what came in and what was left out.
  const ask = (where: string, key = home.key("admin")) =>
    fetch(`${up.url}${where}`, { headers: { authorization: `Bearer ${key}` } });
  const read = async (step: number) =>
    (await (await ask(`/v1/runs/${id}/context?step=${step}`)).json()) as Context;
  const [first, second, third] = [await read(0), await read(1), await read(2)];
  expect([first.parent, second.parent, third.parent]).toEqual([
    null,
    first.snapshot,
    second.snapshot,
  ]);
  expect(first.window).toBe(20_000);
  expect(first.tokens["total"]! / first.window).toBeCloseTo(first.share, 3);
  expect(first.tokens["skills"]).toBeGreaterThan(20);
  expect(first.counted).toMatchObject({ backend: "demo", input: expect.any(Number) });
  const sourcesOf = ({ parts }: Context, isNew: boolean) =>
    parts.filter((part) => part.kind === "source" && part.new === isNew).map(({ name }) => name);
  expect(sourcesOf(first, true)).toEqual([
    "gossip",
    "handbook",
    "house",
    "orders",
    "returns",
    "stock",
    "tone",
    "who",
  ]);
  expect(sourcesOf(second, true)).toContain("stock");
  expect(second.dropped).toContainEqual(
    expect.objectContaining({ name: "stock", why: "superseded" }),
  );
  expect(sourcesOf(third, true)).toContain("returns");
  expect(third.dropped).toContainEqual(
    expect.objectContaining({ name: "returns", why: "superseded" }),
  );
  for (const { tokens } of [first, second, third])
    expect(tokens.sources["returns"]).toBeLessThanOrEqual(64);
  const latest = (await (await ask(`/v1/runs/${id}/context`)).json()) as Context;
  expect(latest).toEqual(third);
  expect((await ask(`/v1/runs/${id}/context?step=3`)).status).toBe(404);
  expect((await ask(`/v1/runs/${id}/context?step=-1`)).status).toBe(400);

  // What it says is what was read: of the run's own principal and input, through the gate.
  const textOf = async ({ parts }: Context, name: string) => {
    const part = parts.findLast((each) => each.name === name)!;
    const body = (await (await ask(`/v1/runs/${id}/contents/${part.digest}`)).json()) as {
      readonly text: string;
    };
    return (JSON.parse(body.text) as { readonly text: string }).text;
  };
  expect(await textOf(first, "stock")).toBe("7 left");
  expect(await textOf(third, "stock")).toBe("6 left");
  expect(await textOf(first, "handbook")).toBe("Ask for the order's number.\n");
  expect(await textOf(first, "tone")).toBe("user: Be kind, in German.");
  expect(await textOf(first, "who")).toMatch(
    /^name: admin\nkind: service\ntenant: default\nroles: /,
  );
  expect(await textOf(first, "gossip")).toMatch(/^Not available: .*a person has to approve it/);
  expect(await textOf(first, "returns")).toMatch(/tokens are left out\)$/);
  expect(await textOf(third, "returns")).toBe("Within 14 days.");
  expect(shop.asked.filter(({ what }) => what === "gossip")).toEqual([]);
  expect(shop.asked.find(({ what }) => what === "orders")?.args).toEqual({
    who: "admin",
    about: "Send it to me.",
  });
  const waiting = await home.run("approvals", "ls", "--json");
  expect(waiting.out).not.toContain("gossip");

  // The log says when and why each was read.
  const logged = await home.run("runs", "logs", id, "--json");
  const events = logged.out
    .trim()
    .split("\n")
    .flatMap((line) => (JSON.parse(line) as { event?: Event }).event ?? []);
  const reads = events.filter(({ type }) => type === "source.read");
  const whysOf = (name: string) =>
    reads.filter(({ source }) => source === name).map(({ why }) => why);
  expect(whysOf("stock")).toEqual(["first", "invalidated"]);
  expect(whysOf("returns").slice(0, 1)).toEqual(["first"]);
  expect(whysOf("returns").at(-1)).toBe("stale");
  expect(whysOf("orders")).toEqual(["first"]);
  expect(reads.filter(({ isError }) => isError === true).map(({ source }) => source)).toEqual([
    "gossip",
  ]);
  expect(reads.find(({ source }) => source === "returns")?.cut).toBeGreaterThan(1_000);

  // The command line, for people and for programs.
  const table = await home.run("runs", "context", id, "--step", "1");
  expect(table).toMatchObject({ code: 0 });
  expect(table.out).toContain(`Context of run ${id} at step 1\n`);
  expect(table.out).toMatch(/window {4}20000 tokens, \d+\.\d % taken\n/);
  expect(table.out).toMatch(/tokens {4}\d+ as estimated; demo counted \d+\n/);
  expect(table.out).toMatch(/ {2}skills +\d+ +0\.\d % +\|#\.+\|\n/);
  expect(table.out).toMatch(/ {2}source stock +\d+ +0\.\d % +\|/);
  expect(table.out).toMatch(/ {2}\+ +source stock +1\.0 +\d+\n/);
  expect(table.out).toMatch(/ {2}source stock +0\.0 +superseded/);
  const asJson = await home.run("runs", "context", id, "--json");
  expect(JSON.parse(asJson.out)).toEqual(third);
  expect(await home.run("runs", "context", id, "--step", "9")).toMatchObject({ code: 3 });

  // A changed source is a changed bundle, in words; a wrong one is refused where it stands.
  const { bundle } = JSON.parse((await home.run("runs", "show", id, "--json")).out) as {
    readonly bundle: string;
  };
  write({ house: { kind: "text", text: "We sell coffee.", owner: "the shop" }, who: undefined });
  expect(await home.run("apply")).toMatchObject({ code: 0 });
  const diff = await home.run("bundle", "diff", bundle, "clerk");
  expect(diff.out).toContain('source house: text "We sell tea." → "We sell coffee."');
  expect(diff.out).toContain("source who removed");
  write({ bad: { kind: "tool", tool: "shop__ship" } });
  expect(await home.run("apply")).toMatchObject({ code: 0 });
  const built = await home.run("bundle", "build", "clerk");
  expect(built.code).not.toBe(0);
  expect(built.err).toContain(
    "agents.clerk.context.sources.bad.tool names shop__ship, which does more than read",
  );
  write({ bad: { kind: "file", file: "knowledge/none.md" } });
  const refused = await home.run("apply");
  expect(refused.code).toBe(2);
  expect(refused.err).toMatch(/agents\.clerk\.context\.sources\.bad\.file.* is not there/);
  up.kill("SIGTERM");
  expect(await up.ended).toBe(0);
});
