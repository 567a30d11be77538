import { expect, test } from "vitest";
import { noCaps } from "../../test/runs/fake-run-desk.ts";
import { ada, openRuns } from "../../test/runs/runs-under-test.ts";
import { toBuilt } from "../../test/simulation/parts.ts";
import { agentServer } from "../model/agent-tool.ts";
import { nothing } from "../model/budget.ts";
import { toDigest, type RunId } from "../model/index.ts";

const unasked = () => Promise.reject(new Error("not asked"));
const noBundles = {
  build: unasked,
  resolve: unasked,
  readFile: unasked,
  agents: () => [],
  close: () => undefined,
};
test("whoever resumes a run hears which sub-agents stopped at a bound of their own, however deep", async () => {
  const { make, change, post, told } = await openRuns();
  const root = make(ada);
  const under = (run: RunId) => make(ada, { parent: { run, step: 0, ordinal: 0 } });
  const stop = (run: RunId, code: string, capped = false) =>
    change(run, {
      state: "stopped",
      reason: { code, detail: `by ${code}` },
      ...(capped && { budget: { caps: { ...noCaps, calls: 3 }, spent: nothing, held: nothing } }),
    });
  const [steps, own, shared, late, between] = [0, 1, 2, 3, 4].map(() => under(root));
  const deep = under(between!);
  stop(steps!, "steps");
  stop(own!, "budget", true);
  // Raised with the root's, told the root's deadline, or stopped because of one below.
  stop(shared!, "budget");
  stop(late!, "deadline");
  stop(between!, "budget", true);
  stop(deep, "steps");
  const { status, body } = await post(`/v1/runs/${root}/resume`, {}, "ada");
  expect([status, body.id, body.word]).toEqual([202, root, "resume"]);
  const stopped = body.stopped as readonly { readonly id: string; readonly detail: string }[];
  expect(stopped.map(({ id, detail }) => [id, detail])).toEqual(
    expect.arrayContaining([
      [steps, "by steps"],
      [own, "by budget"],
      [deep, "by steps"],
    ]),
  );
  expect(stopped).toHaveLength(3);
  expect(told).toHaveLength(1);
  expect((await post(`/v1/runs/${late}/resume`, {}, "ada")).body.stopped).toEqual([]);
});

test("a run is forked by whoever started it, and by no admin", async () => {
  const { make, post, ask } = await openRuns();
  const run = make(ada);
  const forked = await post(`/v1/runs/${run}/fork`, { step: 3 }, "ada");
  expect([forked.status, forked.body.of, forked.body.step]).toEqual([201, run, 3]);
  expect((await ask(`/v1/runs/${forked.body.id}`, "ada")).body.subject).toBe("service:ada");
  expect((await post(`/v1/runs/${run}/fork`, { step: 3 })).status).toBe(403);
  expect((await post(`/v1/runs/${run}/fork`, { step: 3 }, "olga")).status).toBe(403);
  for (const step of [-1, 0.5, "1", null])
    expect((await post(`/v1/runs/${run}/fork`, { step }, "ada")).status).toBe(400);
});

test("a fork reaches what the run's bundle has, whatever its agent is configured as now", async () => {
  const calls = (tool: string) => ({
    exposed: `agents__${tool}`,
    server: agentServer,
    tool,
    pin: toDigest("a pin"),
  });
  const bundled = (toolset: string, ...tools: string[]) =>
    toBuilt(undefined, {
      toolset,
      tools: tools.map((tool) => ({ ...calls(tool), effect: "write" as const })),
    });
  const bundles = new Map([
    [toDigest("wide"), bundled("trips")],
    [toDigest("calling"), bundled("books", "travel")],
    [toDigest("fine"), bundled("books", "clerk")],
  ]);
  const { make, post } = await openRuns({
    // By now it has the toolset of the key.
    agents: () => ({
      travel: { toolset: "trips", agents: [] },
      clerk: { toolset: "books", agents: [] },
    }),
    bundles: () => ({ ...noBundles, read: async (_tenant, named) => bundles.get(named) ?? null }),
  });
  const fork = async (changes: object) =>
    (
      await post(
        `/v1/runs/${make({ ...ada, subject: "narrow" }, changes)}/fork`,
        { step: 1 },
        "narrow",
      )
    ).status;
  expect(await fork({ agent: "clerk", bundle: toDigest("wide") })).toBe(403);
  expect(await fork({ agent: "clerk", bundle: toDigest("calling") })).toBe(403);
  expect(await fork({ agent: "away", bundle: toDigest("gone") })).toBe(403);
  expect(await fork({ agent: "away", bundle: toDigest("fine") })).toBe(201);
});
