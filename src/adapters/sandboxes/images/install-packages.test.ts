import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { installPackages } from "./install-packages.ts";

const isRoot = process.getuid?.() === 0;
const needed = { "made-up-box": "made-up-package" };

/** A system whose apt is a script. */
function makeSystem(apt: string | null) {
  const folder = mkdtempSync(path.join(tmpdir(), "apt-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const calls = path.join(folder, "calls");
  writeFileSync(calls, "");
  if (apt !== null) {
    const script = `#!/bin/sh\nfolder=${folder}\necho "$@" >> ${calls}\n${apt}\n`;
    writeFileSync(path.join(folder, "apt-get"), script, { mode: 0o755 });
  }
  const steps: string[] = [];
  const onStep = (line: string) => void steps.push(line);
  // What the script needs itself is found by it alone.
  const tools = { path: folder, proxies: {}, onStep };
  return { tools, steps, calls: () => readFileSync(calls, "utf8").split("\n").slice(0, -1) };
}

const install = "-q install -y --no-install-recommends made-up-package";
const making = ': > "$folder/made-up-box"; /bin/chmod +x "$folder/made-up-box"';

test("what is there is not installed again", async () => {
  const { tools, calls } = makeSystem("exit 1");
  expect(await installPackages(tools, { "apt-get": "apt" })).toEqual([]);
  expect(calls()).toEqual([]);
});

test("where there is no apt, what is missing is named", async () => {
  expect(await installPackages(makeSystem(null).tools, needed)).toEqual({
    kind: "missing",
    reason: "there is no made-up-package here, and no apt to install it with",
    fix: null,
  });
});

test.runIf(!isRoot)("whoever is not root is given the line", async () => {
  const { tools, calls } = makeSystem(making);
  expect(await installPackages(tools, needed)).toMatchObject({
    kind: "missing",
    fix: "sudo apt-get install made-up-package",
  });
  expect(calls()).toEqual([]);
});

test.runIf(isRoot)("as root it is installed, and the line is said", async () => {
  const { tools, steps, calls } = makeSystem(making);
  expect(await installPackages(tools, needed)).toEqual(["made-up-package"]);
  expect(steps).toEqual(["apt-get install made-up-package"]);
  expect(calls()).toEqual([install]);
});

test.runIf(isRoot)("where there are no lists of packages they are fetched first", async () => {
  const { tools, calls } = makeSystem(
    `case "$2" in update) : > "$folder/listed";; *) [ -e "$folder/listed" ] || exit 100; ${making};; esac`,
  );
  expect(await installPackages(tools, needed)).toEqual(["made-up-package"]);
  expect(calls()).toEqual([install, "-q update", install]);
});

test.runIf(isRoot)("what apt says last is the reason", async () => {
  const { tools } = makeSystem('echo "E: Unable to locate package made-up-package" >&2; exit 100');
  await expect(installPackages(tools, needed)).rejects.toThrow("E: Unable to locate package");
});

test.runIf(isRoot)("a package that does not bring its program is no success", async () => {
  expect(await installPackages(makeSystem("exit 0").tools, needed)).toMatchObject({
    kind: "missing",
    reason: "what made-up-package brings is not among the programs of PATH",
  });
});
