import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { showProgress } from "./progress.js";
import { runNode } from "./run-node.js";
import { Stop } from "./stop.js";

/** Whatever the console is made from: its own files, and the parts of the product that it uses. */
export const consoleSources = [
  "console",
  "src/client",
  "src/ledger",
  "src/lib",
  "src/mcp",
  "src/model",
];

/**
 * Builds the console where its sources are newer than what was built last. It takes some seconds, and is
 * done before anything is started, so that nobody meets a page of another version than its server.
 *
 * @param {string} root
 * @param {string} node
 */
export async function ensureConsole(root, node) {
  if (!isStale(root)) return;
  const done = showProgress("building the console");
  const args = ["node_modules/vite/bin/vite.js", "build", "console"];
  const quiet = ["--configLoader", "native", "--logLevel", "error"];
  // Whoever builds it, a test or a person with an environment of their own: it is the product.
  const env = { NODE_ENV: "production" };
  const code = await runNode(node, [...args, ...quiet], { root, env });
  if (code !== 0) throw new Stop("The console could not be built. What it said is above.", 1);
  done("built the console");
}

/** @param {string} root */
function isStale(root) {
  const built = statSync(path.join(root, "console", "dist", "index.html"), {
    throwIfNoEntry: false,
  });
  if (built === undefined) return true;
  return consoleSources.some((folder) => isNewer(path.join(root, folder), built.mtimeMs));
}

/**
 * @param {string} folder
 * @param {number} thanMs
 * @returns {boolean}
 */
function isNewer(folder, thanMs) {
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name !== "dist" && entry.name !== "node_modules" && isNewer(place, thanMs);
    return statSync(place).mtimeMs > thanMs;
  });
}
