import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { many, namesOf, openShop, own, shop } from "../../test/context/shop-tools.ts";
import { seed } from "../../test/scale.ts";
import { principal } from "../../test/simulation/tenant.ts";
import { usualContext } from "../model/agent-context.ts";
import { toDigest } from "../model/index.ts";
import { runEventSchema } from "../model/run-event.ts";
import { chooseTools, sumTokens } from "./choose-tools.ts";
import { fold } from "./fold.ts";
import { toEffect } from "./offered-tools.ts";
import { searchTool } from "./search-tool.ts";
import type { RunView } from "./view.ts";

const find = "run__find_tools";

describe("which tools a model is offered", () => {
  test("all of them where they fit, and no search", () => {
    const { bundle, catalog: all } = openShop(shop, { toolTokens: 100_000 });
    const chosen = chooseTools(bundle, all, []);
    expect(chosen).toMatchObject({ searches: false, dropped: [] });
    expect(namesOf(chosen)).toEqual([
      ...bundle.tools.map(({ exposed }) => exposed),
      "run__wait",
      "run__wait_for_signal",
    ]);
  });

  test("a bundle that says nothing of it has the usual bound", () => {
    const { bundle, catalog: all } = openShop(many(100));
    const { context: _, ...older } = bundle;
    expect(chooseTools(older, all, []).searches).toBe(true);
    expect(chooseTools({ ...older, tools: older.tools.slice(0, 10) }, all, []).searches).toBe(
      false,
    );
  });

  test("the run's own, its sub-agents and what was found, the last found first to stay", () => {
    const { bundle, catalog: all } = openShop(shop);
    const found = ["shop__stock", "shop__sendMail", "shop__list_orders", "shop__refund_order"];
    const chosen = chooseTools(bundle, all, found);
    expect(namesOf(chosen)).toEqual([
      "agents__child",
      ...own,
      "shop__refund_order",
      "shop__list_orders",
    ]);
    expect(chosen.dropped).toEqual([
      { name: "shop__stock", why: "searched_for" },
      { name: "shop__sendMail", why: "searched_for" },
    ]);
    expect(sumTokens(chosen.tools)).toBeLessThanOrEqual(2_000);
  });

  test("a tool that is gone, or is another one now, is not offered; where nothing is sought, neither", () => {
    const changed = shop.map((shape) =>
      shape.name === "stock" ? { ...shape, pin: toDigest("another") } : shape,
    );
    const { bundle, catalog: all } = openShop(changed);
    const { tools, dropped } = chooseTools(bundle, all, ["shop__stock", "shop__gone"]);
    expect(tools.map(({ name }) => name)).toEqual(["agents__child", ...own]);
    expect(dropped).toEqual([
      { name: "shop__stock", why: "not_offered" },
      { name: "shop__gone", why: "not_offered" },
    ]);
    const wide = { ...bundle, context: { ...usualContext, toolTokens: 100_000 } };
    expect(chooseTools(wide, all, []).dropped).toEqual([
      { name: "shop__stock", why: "not_offered" },
    ]);
  });

  test("who has found one goes on searching while the server is away, and has it again afterwards", () => {
    const { bundle, catalog: all } = openShop(shop);
    const away = { ...all, toolsets: new Map([["", { tools: new Map() }]]) as never };
    const found = ["shop__stock"];
    expect(chooseTools(bundle, away, found)).toMatchObject({
      searches: true,
      dropped: [{ name: "shop__stock", why: "not_offered" }],
    });
    expect(namesOf(chooseTools(bundle, away, found))).toEqual(own);
    expect(namesOf(chooseTools(bundle, all, found))).toContain("shop__stock");
  });

  test("more sub-agents than fit are looked for like all else, and one too long leaves room", () => {
    const { bundle, catalog: all } = openShop(shop, { toolTokens: 1_500 }, ["a", "b", "c"]);
    const chosen = chooseTools(bundle, all, ["agents__b", "shop__stock"]);
    expect(namesOf(chosen)).toEqual([...own, "agents__b", "shop__stock"]);
    const tiny = { ...bundle, context: { ...usualContext, toolTokens: 400 } };
    expect(namesOf(chooseTools(tiny, all, ["shop__stock"]))).toEqual(own);
  });

  test("it depends on nothing but what was found: the same again, in the bundle's order, within the bound", () => {
    const { bundle, catalog: all } = openShop(shop);
    const names = bundle.tools.map(({ exposed }) => exposed);
    fc.assert(
      fc.property(fc.shuffledSubarray(names), (found) => {
        const { tools, searches } = chooseTools(bundle, all, found);
        expect(searches).toBe(true);
        expect(sumTokens(tools)).toBeLessThanOrEqual(2_000);
        expect(namesOf({ tools }).slice(0, 4)).toEqual(["agents__child", ...own]);
        const rest = namesOf({ tools }).slice(4);
        expect(rest).toEqual(names.filter((name) => rest.includes(name)));
        expect(rest.every((name) => found.includes(name))).toBe(true);
      }),
      { seed: seed(), numRuns: 200 },
    );
  });

  test("a server's tool that is called like the search is neither offered nor reached", () => {
    const { bundle, catalog: all } = openShop(many(2), { toolTokens: 100_000 });
    const exposed = find;
    const tool = { ...bundle.tools[1]!, exposed };
    const imitation = { ...all.toolsets.get("")!.tools.get("shop__tool_0")!, exposed };
    const toolset = { tools: new Map([[exposed, imitation]]) };
    const imitating = { ...all, toolsets: new Map([["", toolset]]) as never };
    const having = { ...bundle, tools: [tool] };
    expect(namesOf(chooseTools(having, imitating, []))).not.toContain(exposed);
    const named = chooseTools(having, imitating, [exposed]).tools.filter(
      ({ name }) => name === exposed,
    );
    expect(named).toEqual([searchTool]);
    expect(toEffect(exposed, having, imitating)).toEqual({ effect: "find", why: null });
  });
});

test("what was found outlives a compaction and every other event: it is folded from the log alone", () => {
  const digest = toDigest("x");
  const base = { v: 1, atMs: 1 } as const;
  const held = { micros: 0, tokens: 1, calls: 0 };
  const dropped = { responses: 1, results: 1, sources: 0 };
  const events = [
    {
      ...base,
      type: "run.created",
      agent: "a",
      bundle: digest,
      input: digest,
      principal,
      roles: [],
      parent: null,
      root: "01900000-0000-7000-8000-000000000001",
      forkOf: null,
      context: [],
      caps: { micros: null, tokens: null, calls: null },
      maxSteps: 9,
      deadlineMs: null,
    },
    { ...base, type: "run.started" },
    { ...base, type: "tools.found", step: 0, ordinal: 0, tools: ["b", "a"] },
    { ...base, type: "tools.found", step: 1, ordinal: 0, tools: ["c", "b"] },
    { ...base, type: "model.asked", step: 2, context: digest, held, for: "summary" },
    {
      ...base,
      type: "context.compacted",
      step: 2,
      upTo: 2,
      summary: digest,
      ledger: digest,
      tokens: { before: 9, after: 1 },
      dropped,
      backend: "b",
      prices: digest,
      cost: held,
    },
    { ...base, type: "signal.received", name: "go", payload: digest, inbox: 1 },
  ].map((event) => runEventSchema.parse(event));
  const view = events.reduce<RunView | null>(fold, null);
  // Those found last at the end, and of these the best last.
  expect(view!.found).toEqual(["a", "b", "c"]);
});
