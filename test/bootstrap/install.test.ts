import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { whyInstall } from "../../bin/bootstrap/install.js";
import { makeCheckout, startTests, writeLock } from "./made-up-checkout.ts";

const runner = `console.log("ran", process.argv.slice(2).join(" "));`;

function countInstalls(root: string): number {
  const file = path.join(root, "npm-runs");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").length : 0;
}

describe("npm ci runs when it has to", () => {
  test("on a checkout without node_modules, and says why; not again", async () => {
    const root = makeCheckout(runner);
    const first = await startTests(root).ended;
    expect(first.stderr).toContain("since node_modules is missing (npm ci)");
    expect(first.stdout).toContain("ran run --configLoader=native");
    expect(first.code).toBe(0);
    const second = await startTests(root).ended;
    expect(second.stderr).toBe("");
    expect(second.code).toBe(0);
    expect(countInstalls(root)).toBe(1);
    expect(readFileSync(path.join(root, "npm-runs"), "utf8")).toMatch(/^ci .*--include=optional/);
  });

  test("when the lock file names something else than what is there", async () => {
    const root = makeCheckout(runner);
    await startTests(root).ended;
    writeLock(root, "1.0.1");
    expect((await startTests(root).ended).stderr).toContain(
      "older than package-lock.json (vitest)",
    );
    expect(countInstalls(root)).toBe(2);
  });

  test("when a package was removed or changed by npm since", async () => {
    const root = makeCheckout(runner);
    await startTests(root).ended;
    const hidden = path.join(root, "node_modules", ".package-lock.json");
    writeFileSync(hidden, JSON.stringify({ packages: {} }));
    utimesSync(hidden, 1, 1);
    expect(whyInstall(root)).toContain("(vitest)");
  });

  test("when the last one was killed half-way", async () => {
    const root = makeCheckout(runner);
    await startTests(root).ended;
    rmSync(path.join(root, "node_modules", ".package-lock.json"));
    expect(whyInstall(root)).toBe("node_modules is incomplete");
  });

  test("when the last one was cut off at its last file", async () => {
    const root = makeCheckout(runner);
    await startTests(root).ended;
    writeFileSync(path.join(root, "node_modules", ".package-lock.json"), '{ "packages": {');
    expect(whyInstall(root)).toBe("node_modules is incomplete");
  });

  test("but says so when there is no lock file to go by", async () => {
    const root = makeCheckout(runner);
    rmSync(path.join(root, "package-lock.json"));
    const ended = await startTests(root).ended;
    expect(ended.stderr).toContain("package-lock.json is missing");
    expect(ended.code).toBe(2);
  });

  test("and not when somebody ran npm by hand", async () => {
    const root = makeCheckout(runner);
    await startTests(root).ended;
    rmSync(path.join(root, "node_modules", ".countersign"), { recursive: true });
    expect(whyInstall(root)).toBeNull();
  });

  test("a failure shows what npm said and leaves nothing that counts as installed", async () => {
    const root = makeCheckout(runner);
    const failed = await startTests(root, { NPM_FAILS: "1" }).ended;
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("npm error made up");
    expect(failed.stderr).toContain("npm ci failed (exit 7)");
    expect(whyInstall(root)).toBe("node_modules is incomplete");
    expect((await startTests(root).ended).code).toBe(0);
  });
});

test("the pinned Node is taken off the path of scripts until it is compared", async () => {
  const root = makeCheckout(runner);
  await startTests(root).ended;
  expect(existsSync(path.join(root, "node_modules", ".bin", "node"))).toBe(false);
});

describe("one installation at a time", () => {
  test("three at once install once, and all go on", async () => {
    const root = makeCheckout(runner);
    const started = [1, 2, 3].map(() => startTests(root, { NPM_MS: "600" }));
    const ended = await Promise.all(started.map((one) => one.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(countInstalls(root)).toBe(1);
    expect(existsSync(path.join(root, ".install-lock"))).toBe(false);
  });

  test("when one is killed its npm still counts, and nobody starts a second beside it", async () => {
    const root = makeCheckout(runner);
    const killed = startTests(root, { NPM_MS: "1500" });
    await vi.waitFor(() => expect(countInstalls(root)).toBe(1), { timeout: 10_000 });
    killed.child.kill("SIGKILL");
    const next = await startTests(root).ended;
    expect(next.stderr).toContain("waiting for the installation");
    expect(next.code).toBe(0);
    expect(countInstalls(root)).toBe(1);
  });

  test("when it is killed with its npm, the next one starts afresh", async () => {
    const root = makeCheckout(runner);
    const killed = startTests(root, { NPM_MS: "30000" });
    const holders = path.join(root, ".install-lock");
    await vi.waitFor(() => expect(countInstalls(root)).toBe(1), { timeout: 10_000 });
    for (const line of readFileSync(holders, "utf8").split("\n"))
      process.kill(Number.parseInt(line, 10), "SIGKILL");
    await killed.ended;
    const next = await startTests(root).ended;
    expect(next.stderr).toContain("since node_modules is incomplete");
    expect(next.code).toBe(0);
    expect(countInstalls(root)).toBe(2);
  });
});
