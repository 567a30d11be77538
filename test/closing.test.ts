import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { house, makeFolder, start, type Ended } from "./bootstrap/made-up-checkout.ts";

/** Runs the real runner, with our reporter, over one made-up test file. */
function runTests(file: string): Promise<Ended> {
  const root = makeFolder();
  const reporter = path.join(house, "test", "closing-reporter.ts");
  const config = `
    import { ClosingReporter } from ${JSON.stringify(reporter)};
    const reporters = ["default", new ClosingReporter("7")];
    export default { test: { globals: true, reporters, include: ["*.test.js"] } };`;
  writeFileSync(path.join(root, "vitest.config.mjs"), config);
  writeFileSync(path.join(root, "made-up.test.js"), file);
  const vitest = path.join(house, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--configLoader=native", "--root", root];
  return start(process.execPath, args, { cwd: root, env: { ...process.env, NO_COLOR: "1" } }).ended;
}

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1);

describe("a run closes with its count", () => {
  test("of what passed, failed and was skipped, and lists what was not run", async () => {
    const ended = await runTests(`
      test("a", () => {});
      describe("b", () => test("c", () => { throw new Error("made up"); }));
      test("d", (context) => context.skip("no moon tonight"));
      test.skip("e", () => {});`);
    expect(lastLine(ended.stdout)).toBe("1 passed, 1 failed, 2 skipped");
    expect(ended.stdout).toContain("NOT RUN made-up.test.js: d (no moon tonight)");
    expect(ended.stdout).toContain("NOT RUN made-up.test.js: e (skipped)");
    expect(ended.stdout).toContain("seed 7");
    expect(ended.code).toBe(1);
  });

  test("and counts a file that cannot be read as a failure", async () => {
    const ended = await runTests(`throw new Error("made up");`);
    expect(lastLine(ended.stdout)).toBe("0 passed, 1 failed, 0 skipped");
    expect(ended.code).toBe(1);
  });

  test("and counts an error outside any test as a failure", async () => {
    const ended = await runTests(`
      test("a", () => { setTimeout(() => { throw new Error("made up"); }, 0); });
      test("b", () => new Promise((resolve) => setTimeout(resolve, 50)));`);
    expect(lastLine(ended.stdout)).toBe("2 passed, 1 failed, 0 skipped");
    expect(ended.code).toBe(1);
  });

  test("and a run in which nothing ran has failed", async () => {
    const ended = await runTests(`test.skip("a", () => {});`);
    expect(lastLine(ended.stdout)).toBe("0 passed, 0 failed, 1 skipped");
    expect(ended.code).toBe(1);
  });
});

describe(".ci/run", () => {
  /** With an `npm` that prints and ends as told. */
  function runCi(script: string): Promise<Ended> {
    const root = makeFolder();
    cpSync(path.join(house, ".ci"), path.join(root, ".ci"), { recursive: true });
    mkdirSync(path.join(root, "bin"));
    const npm = path.join(root, "bin", "npm");
    writeFileSync(npm, `#!/bin/sh\n[ "$*" = test ] || exit 90\n${script}\n`);
    chmodSync(npm, 0o755);
    const env = { PATH: `${path.join(root, "bin")}:${process.env["PATH"] ?? ""}` };
    return start(path.join(root, ".ci", "run"), [], { cwd: root, env }).ended;
  }

  test("ends with the count and the exit code of the tests", async () => {
    const ended = await runCi(
      `echo "3 passed, 1 failed, 0 skipped"; echo "npm notice" >&2; exit 4`,
    );
    expect(ended.stdout).toBe(
      "3 passed, 1 failed, 0 skipped\nnpm notice\n3 passed, 1 failed, 0 skipped\n",
    );
    expect(ended.code).toBe(4);
  });

  test("prints the count once when it is last already", async () => {
    const ended = await runCi(`echo "3 passed, 0 failed, 0 skipped"`);
    expect(ended.stdout).toBe("3 passed, 0 failed, 0 skipped\n");
    expect(ended.code).toBe(0);
  });

  test.each([
    ["that counted nothing", "echo done", 1],
    ["that was killed", "kill -9 $$", 137],
  ])("fails for a run %s", async (_case, script, code) => {
    const ended = await runCi(script);
    expect(lastLine(ended.stdout)).toMatch(/^The tests ended before the runner could count them/);
    expect(ended.code).toBe(code);
  });
});
