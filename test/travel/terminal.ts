import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished, type TestContext } from "vitest";
import { isOnPath } from "../../bin/bootstrap/system-packages.js";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemPath } from "../bootstrap/clone-house.ts";
import { makeFolder } from "../bootstrap/made-up-checkout.ts";
import { killAll } from "./kill-all.ts";

export interface Terminal {
  /** A pane with a shell of its own, as wide and high as the first. */
  open(): Pane;
}

export interface Pane {
  /** What stands there, from the first row on, as somebody sees it. */
  rows(): readonly string[];
  /** The same, with what the terminal has broken joined again. */
  lines(): readonly string[];
  /** As if it came from the clipboard, with Enter at the end. */
  paste(text: string): void;
  press(key: string): void;
  /** Resolves with all lines, once one of them matches. */
  until(pattern: RegExp): Promise<readonly string[]>;
  /** Pastes a command, and resolves with what it said once it has ended well. */
  run(command: string): Promise<readonly string[]>;
}

export const columns = 100;
const height = 40;
const patienceMs = 180_000;
const lookAgainMs = 200;
const prompt = "$ ";

/** A tmux on a socket of its own, gone with the test. Without tmux the test skips, and says so. */
export function openTerminal(
  context: TestContext,
  { cwd, env }: { readonly cwd: string; readonly env: Record<string, string> },
): Terminal {
  context.skip(!isOnPath("tmux", systemPath), "tmux is not installed");
  const sockets = makeFolder();
  const tmux = (...args: readonly string[]): string =>
    execFileSync("tmux", ["-u", "-L", "travel", "-f", "/dev/null", ...args], {
      cwd,
      env: { PATH: systemPath, ...env, TMUX_TMPDIR: sockets, TERM: "xterm" },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  // Whoever's machine and account it is: one prompt.
  const start = path.join(sockets, "start");
  writeFileSync(start, `PS1='${prompt}'\n`);
  const shell = ["-P", "-F", "#{pane_id}", "-c", cwd, `bash --noprofile --rcfile ${start}`];
  let isOpen = false;
  return {
    open() {
      const size = ["-x", `${columns}`, "-y", `${height}`];
      if (isOpen) return openPane(tmux, tmux("new-window", "-d", ...shell).trim());
      const first = tmux("new-session", "-d", ...size, ...shell).trim();
      isOpen = true;
      onTestFinished(async () => {
        tmux("kill-server");
        await killAll(cwd);
      });
      return openPane(tmux, first);
    },
  };
}

function openPane(tmux: (...args: readonly string[]) => string, pane: string): Pane {
  const capture = (...flags: readonly string[]) => {
    const text = tmux("capture-pane", "-p", ...flags, "-S", "-", "-t", pane);
    return text
      .trimEnd()
      .split("\n")
      .map((row) => row.trimEnd());
  };
  const lines = () => capture("-J");
  async function wait(what: string, isThere: (seen: readonly string[]) => boolean) {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookAgainMs) {
      const seen = lines();
      if (isThere(seen)) return seen;
      await systemClock.sleep(lookAgainMs);
    }
    throw new Error(`No ${what} in the terminal:\n${lines().join("\n")}`);
  }
  const isAtPrompt = (seen: readonly string[]) => seen.at(-1) === prompt.trimEnd();
  const press = (key: string) => void tmux("send-keys", "-t", pane, key);
  function paste(text: string): void {
    tmux("set-buffer", text);
    tmux("paste-buffer", "-d", "-t", pane);
    press("Enter");
  }
  return {
    rows: () => capture(),
    lines,
    paste,
    press,
    until: (pattern) => wait(pattern.source, (seen) => seen.some((line) => pattern.test(line))),
    async run(command) {
      const before = (await wait("prompt", isAtPrompt)).length;
      // A prompt comes only when it has ended well.
      paste(`${command} || read`);
      const seen = await wait(
        `end of ${command}`,
        (shown) => shown.length > before && isAtPrompt(shown),
      );
      return seen.slice(before, -1);
    },
  };
}
