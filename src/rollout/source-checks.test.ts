import { expect, test } from "vitest";
import { looker, tenant, toCatalog, toConfig, travel } from "../../test/rollout/scene.ts";
import { Fault } from "../model/index.ts";
import { buildBundle } from "./build-bundle.ts";
import { diffBundles } from "./diff-bundles.ts";

const skills = new Map();

async function build(sources: object, more: object = {}, agent = "travel") {
  const context = { sources };
  const changed = { travel: { ...travel, context, ...more }, looker: { ...looker, context } };
  const agents = { travel, looker, [agent]: changed[agent as keyof typeof changed] };
  const config = toConfig({ agents });
  return buildBundle(agent, { config, catalog: await toCatalog(config), skills, tenant }).bundle;
}

const faultOf = (...given: Parameters<typeof build>) =>
  build(...given).then(
    () => null,
    (error: unknown) => (error instanceof Fault ? `${error.code}: ${error.message}` : error),
  );

test("sources are a part of the bundle by their names, and so are the servers that they are read from", async () => {
  const { context, servers } = await build(
    {
      seats: { kind: "resource", server: "flights", uri: "flights://seats", fresh: "5m" },
      about: { kind: "text", text: "We fly.", owner: "sales", budget: 100 },
      open: { kind: "tool", tool: "flights__search", from: { who: "/principal/subject" } },
    },
    { tools: ["booking__book", "booking__cancel", "flights__search"] },
  );
  expect(context?.sources).toEqual([
    { kind: "text", name: "about", owner: "sales", budget: 100, text: "We fly." },
    {
      kind: "tool",
      name: "open",
      owner: null,
      budget: 2_000,
      freshMs: null,
      after: [],
      tool: "flights__search",
      args: {},
      from: { who: "/principal/subject" },
    },
    {
      kind: "resource",
      name: "seats",
      owner: null,
      budget: 2_000,
      freshMs: 300_000,
      after: [],
      server: "flights",
      uri: "flights://seats",
    },
  ]);
  const only = await build(
    { seats: { kind: "prompt", server: "flights", prompt: "seats" } },
    { tools: ["booking__book", "booking__cancel"] },
  );
  expect(servers.map(({ name }) => name)).toEqual(["agents", "booking", "flights"]);
  expect(only.servers.map(({ name }) => name)).toEqual(["agents", "booking", "flights"]);
});

test.each<[object, string, string?]>([
  [
    { kind: "tool", tool: "booking__book" },
    "bad.tool names booking__book, which does more than read",
  ],
  [
    { kind: "tool", tool: "flights__serch" },
    "bad.tool names flights__serch, which is none of the agent's tools. Did you mean flights__search?",
  ],
  [{ kind: "tool", tool: "agents__looker" }, "bad.tool names agents__looker, which does more"],
  [
    { kind: "tool", tool: "flights__search", after: ["booking__pay"] },
    "bad.after[0] names booking__pay, which is none of the agent's tools",
  ],
  [
    { kind: "tool", tool: "flights__search", args: { who: "ben" }, from: { who: "/tenant" } },
    "bad.from.who stands among args, too",
  ],
  [{ kind: "resource", server: "fligths", uri: "x://y" }, "bad.server names fligths"],
  // It is there, and not for this agent's toolset.
  [
    { kind: "prompt", server: "booking", prompt: "x" },
    "agents.looker.context.sources.bad.server names booking, which is no server of its toolset",
    "looker",
  ],
])("I14: a source that %j is refused where it stands", async (source, words, agent = "travel") => {
  const said = await faultOf({ bad: source }, {}, agent);
  expect(said).toMatch(/^config_invalid: agents\.(travel|looker)\.context\.sources\.bad\./);
  expect(said).toContain(words);
});

test("sources whose budgets are more than the window are refused", async () => {
  const sources = {
    a: { kind: "profile", budget: 100_000 },
    b: { kind: "profile", budget: 28_001 },
  };
  expect(await faultOf(sources)).toBe(
    "config_invalid: agents.travel.context.sources may take 128001 tokens by their budgets, and the window has 128000.",
  );
});

test("what changed of a context is said in words", async () => {
  const one = await build({
    about: { kind: "text", text: "We fly." },
    seats: { kind: "resource", server: "flights", uri: "flights://seats" },
  });
  const other = await build({
    about: { kind: "text", text: "We sail.", owner: "sales" },
    who: { kind: "profile" },
  });
  expect(diffBundles(one, other).map(({ text }) => text)).toEqual([
    'source about: owner none → "sales", text "We fly." → "We sail."',
    "source seats removed",
    "source who added",
  ]);
  const { context: _, ...old } = one;
  expect(diffBundles(old, one).map(({ text }) => text)).toEqual([
    "source about added",
    "source seats added",
  ]);
});
