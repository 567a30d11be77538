import { expect, test } from "vitest";
import { makeServer, makeTool, makeToolset } from "../../test/made-up-call.ts";
import { otherTool } from "../ports/metric-entry.ts";
import type { CallFigures } from "../sight/recent-calls.ts";
import { toServerFacts } from "./show-server.ts";

const figures: CallFigures = {
  calls: 3,
  denied: 1,
  errors: 0,
  p50Ms: 5,
  p95Ms: 9,
  p99Ms: 9,
};

/** What is said of the calls of each tool, where these have figures of their own. */
function toRecent(counted: readonly string[]) {
  const tools = ["busy", "idle", "a name that is no label"].map((name) => makeTool(name));
  const catalog = {
    servers: new Map([["up", makeServer("up")]]),
    toolsets: new Map([["", makeToolset(tools)]]),
  };
  const registry = { catalog: () => catalog, drift: () => [] } as never;
  const own = new Map(counted.map((name) => [name, figures]));
  const recent = { windowMs: 300_000, servers: new Map(), tools: new Map([["up", own]]) };
  const standing = { of: () => null, recent: async () => recent };
  const shown = toServerFacts(registry, "up", { standing, recent })!;
  return shown.tools.map(({ recent: each }) => each?.calls ?? null);
}

test("a tool that nobody called has no calls, and of one that is counted with others nothing is known", () => {
  expect(toRecent(["busy"])).toEqual([3, 0, null]);
  expect(toRecent([])).toEqual([0, 0, null]);
  expect(toRecent(["busy", otherTool])).toEqual([3, null, null]);
});
