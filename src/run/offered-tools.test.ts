import { expect, test } from "vitest";
import { catalog, toBuilt } from "../../test/simulation/parts.ts";
import { toDigest } from "../model/index.ts";
import { listTools } from "./offered-tools.ts";

test("I7: a tool that was accepted as another since the run began is not offered to it", () => {
  const { bundle } = toBuilt(undefined, { waits: false });
  const namesOf = (tools: typeof bundle.tools) =>
    listTools({ ...bundle, tools }, catalog).map(({ name }) => name);
  expect(namesOf(bundle.tools)).toEqual(bundle.tools.map(({ exposed }) => exposed));
  const [first, ...rest] = bundle.tools;
  const changed = [{ ...first!, pin: toDigest("as it was") }, ...rest];
  expect(namesOf(changed)).toEqual(rest.map(({ exposed }) => exposed));
});
