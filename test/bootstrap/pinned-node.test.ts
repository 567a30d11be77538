import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { chooseNode, readPinnedBinaries } from "../../bin/bootstrap/pinned-node.js";
import { house, makeFolder } from "./made-up-checkout.ts";

const bytes = "#!/bin/sh\nexit 0\n";
const pinned = {
  version: "24.21.0",
  binaries: {
    "made-up": {
      package: "node-made-up",
      path: "bin/node",
      sha256: createHash("sha256").update(bytes).digest("hex"),
    },
  },
};
const old = { version: "20.19.0", execPath: "/usr/bin/node", platform: "made-up", pinned };

function makeRoot(content = bytes): { root: string; file: string } {
  const root = makeFolder();
  const file = path.join(root, "node_modules", "node-made-up", "bin", "node");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content, { mode: 0o755 });
  return { root, file };
}

test.each(["24.0.0", "26.1.0"])("Node %s at hand is used as it is", async (version) => {
  const { root } = makeRoot();
  expect(await chooseNode(root, { ...old, version })).toBe("/usr/bin/node");
});

test("an older one goes on on the pinned binary", async () => {
  const { root, file } = makeRoot();
  expect(await chooseNode(root, old)).toBe(file);
  expect(await chooseNode(root, old)).toBe(file);
});

test("through a link to node_modules it is named as the running process names itself", async () => {
  const { root, file } = makeRoot();
  const linked = makeFolder();
  symlinkSync(path.join(root, "node_modules"), path.join(linked, "node_modules"));
  expect(await chooseNode(linked, old)).toBe(file);
  expect(await chooseNode(linked, { ...old, version: "24.21.0", execPath: file })).toBe(file);
});

test("a binary that is not the pinned one is not run, were it already running", async () => {
  const { root, file } = makeRoot(`${bytes}# more`);
  await expect(chooseNode(root, old)).rejects.toThrow(/is not the binary that was pinned/);
  const running = { ...old, version: "24.21.0", execPath: file };
  await expect(chooseNode(root, running)).rejects.toThrow(/is not the binary that was pinned/);
});

test("a binary changed after it was compared is compared again", async () => {
  const { root, file } = makeRoot();
  await chooseNode(root, old);
  const { atime, mtime } = statSync(file);
  writeFileSync(file, bytes.replace("0", "1"));
  utimesSync(file, atime, mtime);
  await expect(chooseNode(root, old)).rejects.toThrow(/is not the binary that was pinned/);
});

test("a missing binary is named", async () => {
  await expect(chooseNode(makeFolder(), old)).rejects.toThrow(/node-made-up\/bin\/node is missing/);
});

test.each(["darwin-arm64", "freebsd-x64"])(
  "%s has no package, and the error says what to install",
  async (platform) => {
    const chosen = chooseNode(makeFolder(), { ...old, platform });
    await expect(chosen).rejects.toThrow(/Install Node 24 .*nodejs\.org/);
  },
);

test("the digests are of the packages that package.json pins", () => {
  const { version, binaries } = readPinnedBinaries();
  const manifest = JSON.parse(readFileSync(path.join(house, "package.json"), "utf8")) as {
    optionalDependencies: Record<string, string>;
  };
  const packages = Object.values(binaries).map((binary) => binary.package);
  expect(packages).toEqual(
    Object.keys(manifest.optionalDependencies).filter((name) => name.startsWith("node-")),
  );
  for (const name of packages) expect(manifest.optionalDependencies[name]).toBe(version);
});
