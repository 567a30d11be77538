import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { commands } from "../../bin/bootstrap/commands.js";
import { isOnPath } from "../../bin/bootstrap/system-packages.js";
import { showProgress } from "../../bin/bootstrap/progress.js";
import { house, makeCheckout, start, startTests, type Started } from "./made-up-checkout.ts";

// npm passes signals to the shell that runs the script, and only a shell that has become the
// bootstrap passes them on.
test("every script of package.json is a command, and every command a script", () => {
  const manifest = JSON.parse(readFileSync(path.join(house, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const expected = Object.keys(commands).map((name) => [
    name,
    `exec node bin/bootstrap.js ${name}`,
  ]);
  expect(manifest.scripts).toEqual(Object.fromEntries(expected));
});

test("every step starts something that is installed or committed", () => {
  for (const [name, command] of Object.entries(commands)) {
    for (const { args } of command.steps([])) {
      const script = args.find((arg) => !arg.startsWith("--")) ?? "";
      expect(readFileSync(path.join(house, script), "utf8"), name).not.toBe("");
    }
  }
});

test("a command that does not exist is answered with those that do", async () => {
  const ended = await start(process.execPath, ["bin/bootstrap.js", "tset"], { cwd: house }).ended;
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain("There is no command `tset`");
  expect(ended.stderr).toContain("npm run test");
});

test("npm run check goes on after a failure, and says at the end what failed", async () => {
  // Of the five programs that it runs, only the runner of tests is there.
  const root = makeCheckout(`console.log("tests ran");`);
  const { ended } = startTests(root, {}, "check");
  const { code, stdout, stderr } = await ended;
  expect(stdout).toContain("tests ran");
  expect(stderr).toMatch(
    /FAILED {2}types\n {2}FAILED {2}types of the console\n {2}FAILED {2}lint\n[^]* {2}ok {6}tests\n$/,
  );
  expect(code).toBe(1);
});

describe("the end of a step is the end of the command", () => {
  test("its exit code", async () => {
    expect((await startTests(makeCheckout("process.exit(7)")).ended).code).toBe(7);
  });

  test("the signal that ended it, as 128 + n", async () => {
    const root = makeCheckout(`process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);`);
    expect((await startTests(root).ended).code).toBe(143);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s reaches it once, and it may finish first",
    async (signal) => {
      const root = makeCheckout(`
      let count = 0;
      process.on("${signal}", () => {
        count += 1;
        setTimeout(() => { console.log("got", count); process.exit(3); }, 200);
      });
      console.log("up");
      setInterval(() => {}, 1000);`);
      const started = startTests(root);
      await untilPrinted(started, "up");
      started.child.kill(signal);
      started.child.kill(signal);
      const ended = await started.ended;
      expect(ended.stdout).toContain("got 1");
      expect(ended.code).toBe(3);
    },
  );
});

test("npm stops what it started, and waits for it", async (context) => {
  context.skip(!isOnPath("npm", process.env["PATH"] ?? ""), "npm is not on the path");
  const root = makeCheckout(`
    if (process.env["ONLY_INSTALL"] === "1") process.exit();
    process.on("SIGTERM", () => setTimeout(() => { console.log("ended"); process.exit(3); }, 300));
    console.log("up");
    setInterval(() => {}, 1000);`);
  const manifest = readFileSync(path.join(house, "package.json"), "utf8");
  const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> };
  writeFileSync(path.join(root, "package.json"), JSON.stringify({ type: "module", scripts }));
  await startTests(root, { ONLY_INSTALL: "1" }).ended;
  const started = start("npm", ["test"], { cwd: root, env: process.env });
  await untilPrinted(started, "up");
  started.child.kill("SIGTERM");
  expect((await started.ended).stdout).toContain("ended");
});

test("what takes longer than two seconds says so, on a terminal and in a log", () => {
  vi.useFakeTimers();
  for (const isTTY of [true, false]) {
    let text = "";
    const done = showProgress("installing", { isTTY, write: (part) => (text += part) });
    vi.advanceTimersByTime(1_999);
    expect(text).toBe("countersign: installing\n");
    vi.advanceTimersByTime(2);
    expect(text).toContain("… 2 s");
    vi.advanceTimersByTime(10_000);
    expect(text).toContain("… 12 s");
    expect(text.includes("\u001b")).toBe(isTTY);
    done("installed");
    expect(text).toMatch(/installed \(12 s\)\n$/);
    const length = text.length;
    vi.advanceTimersByTime(60_000);
    expect(text.length).toBe(length);
  }
  vi.useRealTimers();
});

async function untilPrinted({ child }: Started, text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes(text)) resolve();
    });
  });
}
