import { cpSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { ensureConsole } from "../../bin/bootstrap/console.js";
import { whyInstall } from "../../bin/bootstrap/install.js";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { house, makeFolder } from "../bootstrap/made-up-checkout.ts";
import { proving, scaled, seed } from "../scale.ts";
import { checkDisk, listEnded, readReceipts, verifyAll } from "../travel/check-trips.ts";
import { killAll } from "../travel/kill-all.ts";
import { makeTravel, until, type Quickstart, type Travel } from "../travel/quickstart.ts";
import { listShown, toRecording } from "../travel/record.ts";
import { columns, openTerminal } from "../travel/terminal.ts";

/** What somebody sees who types `npm start`, and what becomes of it when all is killed at any line of it. */

// Whole programs, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: proving ? 3_600_000 : 360_000 });

/** The copy of the example becomes a checkout, in which `npm start` is the command. */
async function makeCheckout({ home }: Travel): Promise<string> {
  const root = home.directory;
  rmSync(path.join(root, "bin"));
  for (const each of ["bin", "package.json", "package-lock.json"])
    cpSync(path.join(house, each), path.join(root, each), { recursive: true });
  // Built before, as after the first start: a build says so, and takes its second.
  await ensureConsole(house, process.execPath);
  for (const each of ["console", "src"]) symlinkSync(path.join(house, each), path.join(root, each));
  // Else npm would begin to install, into what everybody uses.
  expect(whyInstall(root)).toBeNull();
  return root;
}

test("npm start in a terminal: calm rows, commands that can be copied, and a recording", async (context) => {
  const travel = await makeTravel();
  const root = await makeCheckout(travel);
  const terminal = openTerminal(context, {
    cwd: root,
    env: {
      HOME: makeFolder(),
      COUNTERSIGN_URL: travel.url,
      NPM_CONFIG_UPDATE_NOTIFIER: "false",
    },
  });
  const pane = terminal.open();
  const other = terminal.open();
  pane.paste("npm start");
  await pane.until(/countersign deny/);
  const [approve = ""] = listShown(pane.rows(), "npx countersign approve ");
  expect(await other.run(approve)).toContainEqual(
    expect.stringMatching(/^Approval .* is approved/),
  );
  await pane.until(/Ctrl-C ends it/);

  const shown = pane.rows();
  const after = shown.slice(shown.findIndex((row) => row.startsWith("  done ")));
  const commands = listShown(after, "npx countersign ");
  expect(commands).toHaveLength(6);
  for (const command of commands) {
    const said = (await other.run(command)).join("\n");
    if (command.includes("receipts verify")) expect(said).toContain("The receipt verifies.");
  }
  pane.press("C-c");
  await until("it has ended", () => pane.lines().at(-1) === "$");

  // Nothing was broken by the terminal, in the middle of a word.
  expect(pane.lines()).toEqual(pane.rows());
  for (const row of pane.rows()) expect(row.length).toBeLessThanOrEqual(columns);
  expect(travel.bookings()).toMatchObject([{ kind: "booked" }]);
  expect(travel.events()).toMatchObject([{ kind: "created" }]);
  await expect(toRecording(pane.rows())).toMatchFileSnapshot(
    path.join(house, "examples", "travel", "recording.txt"),
  );
});

/** The command that approves, as it was printed, if it was. */
async function approveAt(travel: Travel, started: Quickstart, index: number): Promise<void> {
  const line = await started.untilLine(index);
  await travel.home.run(...line.trim().split(" ").slice(2));
}

interface Played {
  readonly started: Quickstart;
  /** What it found: a run that goes on, one that had ended already, or none. */
  readonly found: "open" | "ended" | "none";
}

/** To the end of a run; where that was over, to where the next run waits. */
async function playOut(travel: Travel, ended: number): Promise<Played> {
  const started = travel.start();
  const goesOn = (await started.until(/^Run /)).endsWith("of an earlier start goes on:");
  if ((await listEnded(travel)).length > ended && !goesOn) {
    await started.until(/countersign deny/);
    return { started, found: "ended" };
  }
  const asked = await started.until(/countersign approve|Countersign stays up/);
  if (asked.includes("approve")) await approveAt(travel, started, started.lines.indexOf(asked));
  await started.until(/Countersign stays up/);
  return { started, found: goesOn ? "open" : "none" };
}

async function stop(started: Quickstart): Promise<void> {
  started.kill("SIGTERM");
  expect(await started.ended, started.err()).toBe(0);
}

/** What a start that nobody disturbs says, and which of its lines ask for somebody. */
interface Calm {
  readonly lines: readonly string[];
  /** The ledger's public keys, as they were before anything was killed. */
  readonly keys: readonly string[];
  /** Says how to approve. */
  readonly approval: number;
  /** Says how to end it. */
  readonly last: number;
}

async function playCalm(travel: Travel): Promise<Calm> {
  const { started } = await playOut(travel, 0);
  await checkDisk(travel, 1, "calm");
  const { out } = await travel.home.run("ledger", "key", "--url", travel.url);
  await stop(started);
  const { lines } = started;
  const find = (text: string) => lines.findIndex((line) => line.includes(text));
  return {
    lines,
    keys: out.trim().split("\n"),
    approval: find("countersign approve"),
    last: find("Ctrl-C ends it"),
  };
}

/** Started, killed with all that it started once it has said this line. */
async function killAt(travel: Travel, line: number, { approval, last }: Calm): Promise<number> {
  const started = travel.start();
  const approving = line > approval ? approveAt(travel, started, approval) : null;
  if (line > last) {
    await started.untilLine(last);
    started.kill("SIGINT");
  }
  await started.untilLine(line);
  const killed = await killAll(travel.directory);
  await started.ended;
  // It may have been cut off; then whoever starts it again is asked again.
  await approving;
  return killed;
}

function drawLines(count: number, all: number): readonly number[] {
  const random = createSeededRandom(seed());
  const left = Array.from({ length: all }, (_, index) => index);
  const drawn = Array.from({ length: Math.min(count, all) }, () =>
    left.splice(Math.floor(random.fraction() * left.length), 1),
  );
  return drawn.flat().toSorted((a, b) => a - b);
}

test("I4: all is killed with kill -9 at each line, and each run ends once, with receipts that verify", async () => {
  const travel = await makeTravel();
  // So that its commands name the server.
  travel.home.environment["COUNTERSIGN_URL"] = undefined;
  const calm = await playCalm(travel);
  const { lines, keys } = calm;
  const startedMs = systemClock.nowMs();
  const figures = { lines: 0, killed: 0, receipts: 0, halfWay: 0, open: 0, ended: 0, none: 0 };
  for (const line of drawLines(scaled({ test: 2, prove: lines.length }), lines.length)) {
    const before = figures.lines + 1;
    const label = `killed at line ${line}: ${lines[line]}`;
    figures.killed += await killAt(travel, line, calm);
    if (travel.bookings().length > travel.events().length) figures.halfWay += 1;
    const { started: last, found } = await playOut(travel, before);
    figures[found] += 1;
    const ended = await listEnded(travel);
    expect(ended, label).toHaveLength(before + 1);
    await checkDisk(travel, before + 1, label);
    const receipts = await readReceipts(travel, ended.toSorted().at(-1)!);
    await stop(last);
    await verifyAll(receipts, keys);
    figures.lines += 1;
    figures.receipts += receipts.length;
  }
  const seconds = Math.round((systemClock.nowMs() - startedMs) / 1000);
  console.log(`${lines.length} lines to be killed at, ${seconds} s, ${JSON.stringify(figures)}`);
});
