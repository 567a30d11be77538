import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  ensureSystemPackages,
  isOnPath,
  readSystemPackages,
} from "../../bin/bootstrap/system-packages.js";
import { house, makeFolder } from "./made-up-checkout.ts";

const wanted = [
  { package: "made-up-tools", command: "made-up", reason: "a test makes something up" },
  { package: "sh-package", command: "sh", reason: "always there" },
];

function makeMachine(options: { isRoot: boolean; hasApt: boolean; exitCodes?: readonly number[] }) {
  const folder = makeFolder();
  const calls: string[] = [];
  const lines: string[] = [];
  const exitCodes = [...(options.exitCodes ?? [0])];
  const machine = {
    ...options,
    path: `${folder}${path.delimiter}/bin${path.delimiter}/usr/bin`,
    apt: (args: readonly string[]) => {
      calls.push(args.join(" "));
      const code = exitCodes.shift() ?? 0;
      if (code === 0 && args[0] === "install")
        writeFileSync(path.join(folder, "made-up"), "", { mode: 0o755 });
      return Promise.resolve(code);
    },
    disable: (service: string) => {
      calls.push(`disable ${service}`);
      return Promise.resolve(0);
    },
    print: (line: string) => void lines.push(line),
  };
  return { machine, calls, lines };
}

test("root on Debian: what is missing is installed, with the reason", async () => {
  const { machine, calls, lines } = makeMachine({ isRoot: true, hasApt: true });
  expect(await ensureSystemPackages(wanted, machine)).toEqual([]);
  expect(calls).toEqual(["install -y --no-install-recommends made-up-tools"]);
  expect(lines).toEqual(["installing made-up-tools with apt: a test makes something up"]);
});

test("what a package brings along as a service is switched off, and only where it was installed now", async () => {
  const service = { ...wanted[0]!, service: "made-up.service" };
  const { machine, calls } = makeMachine({ isRoot: true, hasApt: true });
  await ensureSystemPackages([service], machine);
  expect(calls).toEqual([
    "install -y --no-install-recommends made-up-tools",
    "disable made-up.service",
  ]);
  await ensureSystemPackages([service], machine);
  expect(calls).toHaveLength(2);
});

test("root on an image without package lists: they are fetched first", async () => {
  const { machine, calls } = makeMachine({ isRoot: true, hasApt: true, exitCodes: [100, 0, 0] });
  expect(await ensureSystemPackages(wanted, machine)).toEqual([]);
  expect(calls.map((call) => call.split(" ")[0])).toEqual(["install", "update", "install"]);
});

test("root without a mirror: listed as not run", async () => {
  const { machine, lines } = makeMachine({ isRoot: true, hasApt: true, exitCodes: [100, 100] });
  expect((await ensureSystemPackages(wanted, machine)).map((entry) => entry.package)).toEqual([
    "made-up-tools",
  ]);
  expect(lines).toContain("NOT RUN without made-up-tools: a test makes something up");
});

test("without root: nothing is installed, one line to run is printed", async () => {
  const { machine, calls, lines } = makeMachine({ isRoot: false, hasApt: true });
  await ensureSystemPackages(wanted, machine);
  expect(calls).toEqual([]);
  expect(lines).toEqual([
    "NOT RUN without made-up-tools: a test makes something up",
    "to run them too: sudo apt-get install -y made-up-tools",
  ]);
});

test("on another system: the packages are named", async () => {
  const { machine, lines } = makeMachine({ isRoot: true, hasApt: false });
  await ensureSystemPackages(wanted, machine);
  expect(lines).toContain("to run them too, install: made-up-tools");
});

test("each package is there for a test that exists", () => {
  for (const { reason } of readSystemPackages()) {
    const [file = ""] = /^\S+\.test\.ts/.exec(reason) ?? [];
    expect(existsSync(path.join(house, file)), reason).toBe(true);
    expect(file).not.toBe("");
  }
});

test("a folder or a file that may not be run is no command", () => {
  const folder = makeFolder();
  writeFileSync(path.join(folder, "plain"), "", { mode: 0o644 });
  expect(isOnPath("plain", folder)).toBe(false);
  expect(isOnPath("sh", "/bin")).toBe(true);
});
