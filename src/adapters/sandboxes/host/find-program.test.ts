import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findProgram } from "./find-program.ts";

let root: string;
const write = (name: string, text: string) => {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
};
beforeAll(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), "programs-")));
  write("usr/bin/plain", "\u007fELF");
  write("opt/node/bin/node", "\u007fELF");
  write("opt/node/lib/node_modules/npm/bin/npx-cli.js", "#!/usr/bin/env node\n");
  write("opt/node/lib/node_modules/@scope/tool/cli.js", "#!/usr/bin/env -S node --quiet\n");
  write("opt/tool/bin/tool", "\u007fELF");
  write("opt/broken", "#!/usr/bin/env no-such-interpreter\n");
  write("app/node_modules/platform/bin/native", "\u007fELF");
  symlinkSync("../lib/node_modules/npm/bin/npx-cli.js", path.join(root, "opt/node/bin/npx"));
  symlinkSync("../lib/node_modules/@scope/tool/cli.js", path.join(root, "opt/node/bin/scoped"));
  symlinkSync("../../opt/tool/bin/tool", path.join(root, "usr/bin/tool"));
});
afterAll(() => rmSync(root, { recursive: true }));

/** Paths are told below the root of this test. */
async function find(name: string, visible: readonly string[] = ["usr"]) {
  const at = (part: string) => path.join(root, part);
  const found = await findProgram(name, {
    path: `${at("usr/bin")}:${at("opt/node/bin")}`,
    directory: root,
    visible: visible.map(at),
  });
  const placed = found.placed.map((one) =>
    one.kind === "bind" ? one.path : `${one.path} -> ${one.target}`,
  );
  return [found.path, ...placed].map((text) => text.replaceAll(`${root}/`, ""));
}

test.each([
  ["what the sandbox sees anyway is only called", "plain", ["usr/bin/plain"]],
  [
    "a program elsewhere is seen as the one file that it is",
    "node",
    ["opt/node/bin/node", "opt/node/bin/node"],
  ],
  [
    "a link that is seen leads to a program that is seen",
    "tool",
    ["opt/tool/bin/tool", "opt/tool/bin/tool"],
  ],
  [
    "npx comes with its package and with Node",
    "npx",
    [
      "opt/node/bin/npx",
      "opt/node/bin/node",
      "opt/node/lib/node_modules",
      "opt/node/bin/npx -> opt/node/lib/node_modules/npm/bin/npx-cli.js",
    ],
  ],
  [
    "so does a program in a scope",
    "scoped",
    [
      "opt/node/bin/scoped",
      "opt/node/bin/node",
      "opt/node/lib/node_modules",
      "opt/node/bin/scoped -> opt/node/lib/node_modules/@scope/tool/cli.js",
    ],
  ],
  [
    "a program of a package is seen with its package, not with the others",
    "app/node_modules/platform/bin/native",
    ["app/node_modules/platform/bin/native", "app/node_modules/platform"],
  ],
])("%s", async (_, name, expected) => {
  expect(await find(name)).toEqual(expected);
});

test("what lies in a mount is not seen twice", async () => {
  expect(await find("npx", ["usr", "opt"])).toEqual(["opt/node/bin/npx"]);
});

test.each(["no-such", "./no-such", "", "opt", "opt/broken"])("%j is no program", async (name) => {
  await expect(find(name)).rejects.toMatchObject({ code: "sandbox_failed" });
});
