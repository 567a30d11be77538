#!/usr/bin/env node
// Every `npm run` command comes through here. Plain JavaScript for Node 20: it runs before
// anything is installed, makes what is missing, and goes on on the Node that the product needs.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { commands } from "./bootstrap/commands.js";
import { ensureConsole } from "./bootstrap/console.js";
import { ensureInstalled } from "./bootstrap/install.js";
import { chooseNode } from "./bootstrap/pinned-node.js";
import { runNode } from "./bootstrap/run-node.js";
import { Stop } from "./bootstrap/stop.js";
import { ensureSystemPackages } from "./bootstrap/system-packages.js";

const OLDEST_MAJOR = 20;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** @param {readonly string[]} argv */
async function bootstrap([name = "", ...args]) {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_MAJOR) {
    throw new Stop(
      `Node ${OLDEST_MAJOR} or newer is needed to begin; this is ${process.versions.node}.`,
    );
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new Stop(usage(name));
  process.chdir(root);
  await ensureInstalled(root);
  const node = await chooseNode(root);
  if (command.needsConsole === true) await ensureConsole(root, node);
  if (command.needsSystemPackages === true) await ensureSystemPackages();
  return runSteps(command.steps(args), node);
}

/**
 * Every step runs even when an earlier one failed: one look shows all that is wrong.
 *
 * @param {readonly import("./bootstrap/commands.js").Step[]} steps
 * @param {string} node
 */
async function runSteps(steps, node) {
  /** @type {{ title: string, code: number }[]} */
  const ended = [];
  for (const { title, args, env } of steps) {
    if (steps.length > 1) process.stderr.write(`countersign: ${title}\n`);
    const code = await runNode(node, args, { root, env });
    ended.push({ title, code });
    if (code >= 128) break;
  }
  if (steps.length > 1) {
    const lines = ended.map(
      ({ title, code }) => `  ${code === 0 ? "ok    " : "FAILED"}  ${title}\n`,
    );
    process.stderr.write(`countersign:\n${lines.join("")}`);
  }
  return ended.find(({ code }) => code !== 0)?.code ?? 0;
}

/** @param {string} name */
function usage(name) {
  const lines = Object.entries(commands).map(
    ([key, { summary }]) => `  npm run ${key.padEnd(8)} ${summary}`,
  );
  return `${name === "" ? "Say what to do" : `There is no command \`${name}\``}:\n${lines.join("\n")}`;
}

try {
  process.exitCode = await bootstrap(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  process.stderr.write(`countersign: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
