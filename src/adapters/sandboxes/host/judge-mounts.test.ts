import { expect, test } from "vitest";
import { findPins } from "./judge-mounts.ts";

const pinsOf = (covered: string, ...mounts: readonly (readonly [string, boolean])[]) =>
  findPins(
    [{ kind: "directory", path: covered }],
    mounts.map(([path, isWritable]) => ({ path, isWritable })),
  );

test("what leads to something covered stays where it is, where the program could move it", () => {
  expect(pinsOf("/srv/a/b/data", ["/srv", true])).toEqual(["/srv/a", "/srv/a/b"]);
  // It is a mount already, and what is above it is not seen.
  expect(pinsOf("/srv/a/data", ["/srv/a", true])).toEqual([]);
  expect(pinsOf("/srv/a/b/data", ["/srv", false])).toEqual([]);
  expect(pinsOf("/srv/a/b/data", ["/srv", true], ["/srv/a/b", false])).toEqual(["/srv/a"]);
  expect(pinsOf("/srv/a/b/data", ["/srv", false], ["/srv/a", true])).toEqual(["/srv/a/b"]);
  expect(pinsOf("/elsewhere/data", ["/srv", true])).toEqual([]);
});
