import { expect, test } from "vitest";
import { lockSchema, parseStanzas } from "./locked-package.ts";

const sha256 = "a".repeat(64);
const stanza = `Package: bash
Version: 1:5.2.15-2+b13
Architecture: amd64
Depends: base-files (>= 2.1.12), debianutils (>= 5.6-0.1)
Description: shell
 Version: 9 of a line that goes on
Filename: pool/b/bash.deb
Size: 1490652
SHA256: ${sha256}
`;
const locked = {
  name: "bash",
  version: "1:5.2.15-2+b13",
  architecture: "amd64",
  sha256,
  bytes: 1_490_652,
};

test("what the index says of packages is read", () => {
  const depends = "base-files (>= 2.1.12), debianutils (>= 5.6-0.1)";
  const other = stanza.replace("Package: bash", "Package: dash").replace(/^Depends.*\n/m, "");
  expect(parseStanzas(`${stanza}\n${other}\n`)).toEqual([
    { locked, depends },
    { locked: { ...locked, name: "dash" }, depends: "" },
  ]);
  expect(parseStanzas("\n")).toEqual([]);
});

test.each([
  ["no digest", stanza.replace(/^SHA256.*\n/m, "")],
  ["half a digest", stanza.replace(sha256, "abc")],
  ["no size", stanza.replace(/^Size.*\n/m, "")],
  ["a name that is an option", stanza.replace("Package: bash", "Package: --force")],
  ["a version with a space", stanza.replace("1:5.2.15-2+b13", "1 --force")],
])("%s is refused", (_, text) => {
  expect(() => parseStanzas(text)).toThrow("what cannot be read");
});

test("a lock is read as it is written, and nothing more", () => {
  expect(lockSchema.parse(JSON.parse(JSON.stringify([locked])))).toEqual([locked]);
  expect(lockSchema.safeParse([{ ...locked, url: "http://elsewhere" }]).success).toBe(false);
});
