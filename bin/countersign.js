#!/usr/bin/env node
// Plain JavaScript for Node 20: looks which Node this is before any TypeScript is read.
import { existsSync } from "node:fs";
import module from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chooseNode } from "./bootstrap/pinned-node.js";
import { runNode } from "./bootstrap/run-node.js";
import { Stop } from "./bootstrap/stop.js";

const self = fileURLToPath(import.meta.url);
const root = path.dirname(path.dirname(self));

// A gateway's garbage is young and small: a nursery of this size costs no time and saves memory.
const heapFlags = ["--max-semi-space-size=8"];

/** @typedef {{ main(argv: readonly string[]): Promise<number | void> }} Entry */

/** @param {readonly string[]} argv */
async function countersign(argv) {
  const node = await chooseNode(root);
  if (node !== process.execPath) {
    // Once is enough; a second time would be for ever.
    if (process.env["COUNTERSIGN_CONTINUED"] === "1") {
      throw new Stop(
        `Node ${process.versions.node} at ${process.execPath} was to be ${node}, and is not.`,
        1,
      );
    }
    return runNode(node, [...process.execArgv, ...heapFlags, self, ...argv], {
      root,
      cwd: process.cwd(),
      env: { COUNTERSIGN_CONTINUED: "1" },
    });
  }
  delete process.env["COUNTERSIGN_CONTINUED"];
  if (argv[0] === "up" && !process.execArgv.includes(heapFlags[0] ?? "")) takePlace(argv);
  // Not the default folder: that is in the shared temporary one, where others could put code.
  module.enableCompileCache?.(path.join(root, "node_modules", ".countersign", "compiled"));
  const isCheckout = existsSync(path.join(root, "src"));
  const entry = path.join(
    root,
    ...(isCheckout ? ["src", "main", "countersign.ts"] : ["dist", "main", "countersign.js"]),
  );
  const loaded = /** @type {Entry} */ (await import(pathToFileURL(entry).href));
  return loaded.main(argv);
}

/**
 * The server starts over in this same process with flags of its own, where the system can do that:
 * a second process would cost more memory than the flags save.
 *
 * @param {readonly string[]} argv
 */
function takePlace(argv) {
  const { execPath, execArgv } = process;
  process.execve?.(execPath, [execPath, ...execArgv, ...heapFlags, self, ...argv], process.env);
}

try {
  const code = await countersign(process.argv.slice(2));
  if (typeof code === "number") process.exitCode = code;
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  process.stderr.write(`countersign: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
