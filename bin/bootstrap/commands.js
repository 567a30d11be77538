import { fileURLToPath } from "node:url";

/**
 * One script of a command, run on the chosen Node.
 *
 * @typedef {object} Step
 * @property {string} title
 * @property {readonly string[]} args
 * @property {Readonly<Record<string, string>>} [env]
 */

/**
 * @typedef {object} Command
 * @property {string} summary
 * @property {boolean} [needsSystemPackages]
 * @property {boolean} [needsConsole]
 * @property {(args: readonly string[]) => readonly Step[]} steps
 */

const compiled = new URL("../../node_modules/.countersign/compiled", import.meta.url);
// The native loader writes nothing beside the configuration, so a checkout may be read-only.
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--configLoader=native"];
const countersign = ["bin/countersign.js", "up"];
const vite = "node_modules/vite/bin/vite.js";
const viteLoader = ["--configLoader", "native"];
const tsc = "node_modules/typescript/bin/tsc";
const oxlint = "node_modules/oxlint/bin/oxlint";
const oxfmt = "node_modules/oxfmt/bin/oxfmt";
const knip = "node_modules/knip/bin/knip.js";

/** What `npm run` can be asked for: the whole list. @type {Readonly<Record<string, Command>>} */
export const commands = {
  start: {
    summary: "runs the quickstart: Countersign, three servers and an agent",
    needsConsole: true,
    steps: (args) => [
      {
        title: "quickstart",
        args: ["examples/travel/start.ts", ...args],
        // Its programs are read from TypeScript at each start; what was compiled once is kept.
        env: { NODE_COMPILE_CACHE: fileURLToPath(compiled) },
      },
    ],
  },
  dev: {
    summary: "starts it and starts it again when a file changes",
    needsConsole: true,
    steps: (args) => [
      {
        title: "countersign up",
        args: ["--watch", "--watch-preserve-output", ...countersign, ...args],
      },
    ],
  },
  test: {
    summary: "runs every test, large counts sampled",
    needsSystemPackages: true,
    needsConsole: true,
    steps: (args) => [{ title: "tests", args: [...vitest, ...args] }],
  },
  prove: {
    summary: "runs every test, large counts in full",
    needsSystemPackages: true,
    needsConsole: true,
    steps: (args) => [
      { title: "tests", args: [...vitest, ...args], env: { COUNTERSIGN_PROVE: "1" } },
    ],
  },
  check: {
    summary: "types, lint, format, unused code, and every test",
    needsSystemPackages: true,
    needsConsole: true,
    steps: () => [
      { title: "types", args: [tsc, "-p", "."] },
      { title: "types of the console", args: [tsc, "-p", "console"] },
      { title: "lint", args: [oxlint] },
      { title: "format", args: [oxfmt, "--check", "."] },
      { title: "unused code", args: [knip] },
      { title: "tests", args: vitest },
    ],
  },
  bench: {
    summary: "measures one part: npm run bench -- <part>",
    steps: (args) => [{ title: "bench", args: ["bench/main.ts", ...args] }],
  },
  conformance: {
    summary: "runs the official conformance suite, straight and through the gate",
    steps: () => [{ title: "conformance", args: [...vitest, "test/conformance-suite"] }],
  },
  lint: {
    summary: "lints, with types",
    steps: (args) => [{ title: "lint", args: [oxlint, ...args] }],
  },
  format: {
    summary: "formats every file in place",
    steps: (args) => [{ title: "format", args: [oxfmt, ...(args.length === 0 ? ["."] : args)] }],
  },
  console: {
    summary: "serves the console while it is worked on; with `mock` it answers itself",
    steps: ([mode, ...args]) => [
      {
        title: "console",
        args: [
          vite,
          "console",
          ...viteLoader,
          ...(mode === "mock" ? ["--mode", "mock"] : []),
          ...args,
        ],
      },
    ],
  },
  build: {
    summary: "compiles src to dist, and the console",
    needsConsole: true,
    steps: () => [
      { title: "removing dist", args: ["bin/bootstrap/remove-dist.js"] },
      { title: "build", args: [tsc, "-p", "tsconfig.build.json"] },
    ],
  },
};
