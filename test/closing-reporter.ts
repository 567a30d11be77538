import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";

/**
 * Closes a run: what was not run and why, the seed, and one line that a machine can read.
 * A test that skips silently would look like one that passed.
 */
export class ClosingReporter implements Reporter {
  readonly #seed: string;
  readonly #print: (line: string) => void;

  constructor(seed: string, print: (line: string) => void = (line) => console.log(line)) {
    this.#seed = seed;
    this.#print = print;
  }

  onInit(_vitest: Vitest): void {
    this.#print(`seed ${this.#seed} (again with COUNTERSIGN_SEED=${this.#seed})`);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === "skipped");
    for (const test of skipped) this.#print(toNotRun(test));
    const failed = countFailed(modules, unhandledErrors.length);
    const passed = tests.filter((test) => test.result().state === "passed").length;
    // A run that ran nothing has shown nothing.
    if (failed > 0 || passed === 0) process.exitCode = 1;
    this.#print(`seed ${this.#seed}`);
    this.#print(toClosingLine({ passed, failed, skipped: skipped.length }));
  }
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function toClosingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** A file that could not be read and an error outside any test count as failures of their own. */
function countFailed(modules: readonly TestModule[], unhandled: number): number {
  const inTests = modules.flatMap((module) => [...module.children.allTests("failed")]).length;
  const broken = modules.filter(
    (module) => !module.ok() && [...module.children.allTests("failed")].length === 0,
  ).length;
  return inTests + broken + unhandled;
}

function toNotRun(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return `NOT RUN ${test.module.relativeModuleId}: ${test.fullName} (${note ?? "skipped"})`;
}
