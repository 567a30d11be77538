import { readdirSync } from "node:fs";
import path from "node:path";
import { Stop } from "./stop.js";

/**
 * One program of a command: a script for Node, or (`native`) a program of its own.
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
 * @property {(root: string, args: readonly string[]) => readonly Step[]} steps
 */

// The native loader writes nothing beside the configuration, so a checkout may be read-only.
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--configLoader=native"];
const countersign = ["bin/countersign.js", "up"];
const tsc = "node_modules/typescript/bin/tsc";
const oxlint = "node_modules/oxlint/bin/oxlint";
const oxfmt = "node_modules/oxfmt/bin/oxfmt";
const knip = "node_modules/knip/bin/knip.js";

/** What `npm run` can be asked for: the whole list. @type {Readonly<Record<string, Command>>} */
export const commands = {
  start: {
    summary: "starts Countersign in this checkout",
    steps: (_root, args) => [{ title: "countersign up", args: [...countersign, ...args] }],
  },
  dev: {
    summary: "starts it and starts it again when a file changes",
    steps: (_root, args) => [
      {
        title: "countersign up",
        args: ["--watch", "--watch-preserve-output", ...countersign, ...args],
      },
    ],
  },
  test: {
    summary: "runs every test, large counts sampled",
    needsSystemPackages: true,
    steps: (_root, args) => [{ title: "tests", args: [...vitest, ...args] }],
  },
  prove: {
    summary: "runs every test, large counts in full",
    needsSystemPackages: true,
    steps: (_root, args) => [
      { title: "tests", args: [...vitest, ...args], env: { COUNTERSIGN_PROVE: "1" } },
    ],
  },
  check: {
    summary: "types, lint, format, unused code, and every test",
    needsSystemPackages: true,
    steps: () => [
      { title: "types", args: [tsc, "-p", "."] },
      { title: "lint", args: [oxlint] },
      { title: "format", args: [oxfmt, "--check", "."] },
      { title: "unused code", args: [knip] },
      { title: "tests", args: vitest },
    ],
  },
  bench: {
    summary: "measures one part: npm run bench -- <part>",
    steps: (root, args) => [toBench(root, args)],
  },
  lint: {
    summary: "lints, with types",
    steps: (_root, args) => [{ title: "lint", args: [oxlint, ...args] }],
  },
  format: {
    summary: "formats every file in place",
    steps: (_root, args) => [
      { title: "format", args: [oxfmt, ...(args.length === 0 ? ["."] : args)] },
    ],
  },
  build: {
    summary: "compiles src to dist",
    steps: () => [
      { title: "removing dist", args: ["bin/bootstrap/remove-dist.js"] },
      { title: "build", args: [tsc, "-p", "tsconfig.build.json"] },
    ],
  },
};

/**
 * @param {string} root
 * @param {readonly string[]} args
 * @returns {Step}
 */
function toBench(root, [name, ...rest]) {
  const parts = listBenches(root);
  if (name === undefined || !parts.includes(name)) {
    const what = name === undefined ? "Name the part to measure" : `There is no bench \`${name}\``;
    throw new Stop(`${what}: npm run bench -- <part>. Parts: ${parts.join(", ") || "none yet"}.`);
  }
  return { title: `bench ${name}`, args: [path.join("bench", `${name}.ts`), ...rest] };
}

/** @param {string} root */
function listBenches(root) {
  try {
    return readdirSync(path.join(root, "bench"))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => file.slice(0, -".ts".length))
      .sort();
  } catch {
    return [];
  }
}
