import { randomInt } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { defineConfig } from "vitest/config";
import { clearShared, toShared } from "./test/clear-shared.ts";
import { ClosingReporter } from "./test/closing-reporter.ts";

// Drawn before any worker starts, so that every file of a run shares it.
const seed = process.env["COUNTERSIGN_SEED"] ?? String(randomInt(2 ** 31));
// Where what the files of a run make once and share lies: a cluster to copy, the console.
const shared = toShared(tmpdir(), process.pid);
clearShared(tmpdir());
const proves = process.env["COUNTERSIGN_PROVE"] === "1";
process.on("exit", () => rmSync(shared, { recursive: true, force: true }));

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "console/src/**/*.test.ts", "test/**/*.test.ts"],
    env: { COUNTERSIGN_SEED: seed, COUNTERSIGN_TEST_SHARED: shared },
    reporters: ["default", new ClosingReporter(seed)],
    // The full counts of one test may take most of an hour.
    testTimeout: proves ? 3_600_000 : 30_000,
    hookTimeout: proves ? 300_000 : 60_000,
    // What is looked for again and again comes when a busy machine comes to it.
    expect: { poll: { timeout: 15_000 } },
    // Two cores: more files at once would only make the timeouts lie.
    maxWorkers: 2,
  },
});
