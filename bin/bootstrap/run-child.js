import { spawn } from "node:child_process";
import { constants } from "node:os";

const FORWARDED = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]);
// npm passes on what it gets, and so does a terminal: the same signal twice at once is one wish.
const ECHO_MS = 500;

/**
 * @typedef {object} Child
 * @property {string} command
 * @property {readonly string[]} args
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 */

/**
 * Runs a program in our place: its terminal is ours, our signals are its own, its end is ours.
 *
 * @param {Child} child
 * @returns {Promise<number>} the exit code; 128 + n when signal n ended it
 */
export function runChild({ command, args, cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: "inherit" });
    const stopForwarding = forwardSignals((signal) => child.kill(signal));
    child.once("error", (error) => {
      stopForwarding();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      stopForwarding();
      resolve(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/** @param {(signal: NodeJS.Signals) => void} send */
function forwardSignals(send) {
  /** @type {Map<string, number>} */
  const sentAtMs = new Map();
  const listeners = FORWARDED.filter((signal) => supports(signal)).map((signal) => {
    const listener = () => {
      // The terminal gives Ctrl-C to every process in its foreground group, the child included.
      if (signal === "SIGINT" && process.stdin.isTTY === true) return;
      const nowMs = Date.now();
      if (nowMs - (sentAtMs.get(signal) ?? -Infinity) < ECHO_MS) return;
      sentAtMs.set(signal, nowMs);
      send(signal);
    };
    process.on(signal, listener);
    return /** @type {const} */ ([signal, listener]);
  });
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

/** @param {NodeJS.Signals} signal */
function supports(signal) {
  return process.platform !== "win32" || signal === "SIGINT" || signal === "SIGTERM";
}
