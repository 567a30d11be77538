import { expect, test } from "vitest";
import { catalog, toBuilt } from "../../test/simulation/parts.ts";
import { toDigest } from "../model/index.ts";
import { chooseTools } from "./choose-tools.ts";
import { toEffect } from "./offered-tools.ts";
import { skillTool } from "./skill-tool.ts";

test("I7: a tool that was accepted as another since the run began is not offered to it", () => {
  const { bundle } = toBuilt(undefined, { waits: false });
  const namesOf = (tools: typeof bundle.tools) =>
    chooseTools({ ...bundle, tools }, catalog, []).tools.map(({ name }) => name);
  expect(namesOf(bundle.tools)).toEqual(bundle.tools.map(({ exposed }) => exposed));
  const [first, ...rest] = bundle.tools;
  const changed = [{ ...first!, pin: toDigest("as it was") }, ...rest];
  expect(namesOf(changed)).toEqual(rest.map(({ exposed }) => exposed));
});

test("a server's tool that is called like one of the run's own is not offered beside it", () => {
  const files = [{ path: "SKILL.md", digest: toDigest("x"), size: 1 }];
  const skill = { name: "a", description: "A", digest: toDigest("a"), wishes: [], files };
  const exposed = "run__read_skill";
  const { bundle } = toBuilt(undefined, { skills: [skill] });
  const tool = { ...bundle.tools[0]!, exposed };
  const toolset = catalog.toolsets.get("")!;
  const own = { ...toolset.tools.get("t__read")!, exposed };
  const imitating = {
    ...catalog,
    toolsets: new Map([["", { ...toolset, tools: new Map([[exposed, own]]) }]]),
  };
  const offered = chooseTools({ ...bundle, tools: [tool] }, imitating, []).tools;
  const named = offered.filter(({ name }) => name === exposed);
  expect(named).toEqual([skillTool]);
  expect(toEffect(exposed, { ...bundle, tools: [tool] }, imitating).effect).toBe("skill");
  // Who has no skills has the server's tool, and nothing else goes by the name.
  const without = { ...bundle, skills: [], tools: [tool] };
  expect(chooseTools(without, imitating, []).tools.map(({ name }) => name)).toContain(exposed);
  expect(toEffect(exposed, without, imitating).effect).toBe("read");
});
