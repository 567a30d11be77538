import { expect, test } from "vitest";
import { isLeftOut, toPlace, toTarget } from "./place-in-tree.ts";

test.each([
  ["bin/bash", "usr/bin/bash"],
  ["lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/libc.so.6"],
  ["lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"],
  ["usr/bin/env", "usr/bin/env"],
  ["binary/file", "binary/file"],
])("%s lies at %s", (member, place) => {
  expect(toPlace(member)).toBe(place);
});

test.each([
  ["usr/bin/pager", "/etc/alternatives/pager", "../../etc/alternatives/pager"],
  ["lib/a/libx.so", "../../usr/lib/libx.so.1", "../libx.so.1"],
  ["lib64/ld.so", "/lib/x86_64-linux-gnu/ld.so", "../lib/x86_64-linux-gnu/ld.so"],
  ["usr/bin/python3", "python3.11", "python3.11"],
  ["usr/share/here", ".", "."],
  ["bin/sh", "/bin/dash", "dash"],
  ["etc/mtab", "../proc/self/mounts", "../proc/self/mounts"],
])("%s, a link to %s, says %s", (member, target, said) => {
  expect(toTarget(member, target)).toBe(said);
});

test.each([
  ["usr/bin/out", "../../../etc/shadow"],
  ["out", "../etc/shadow"],
  ["usr/out", "/../etc/shadow"],
  ["usr/a/out", "b/../../../../etc"],
])("%s, a link to %s, is refused", (member, target) => {
  expect(() => toTarget(member, target)).toThrow("is a link that leads out");
});

test("what people read is left out, and what only begins alike is not", () => {
  expect(isLeftOut("usr/share/doc/bash/README")).toBe(true);
  expect(isLeftOut("usr/share/documents")).toBe(false);
  expect(isLeftOut("usr/lib/python3.11/doctest.py")).toBe(false);
});
