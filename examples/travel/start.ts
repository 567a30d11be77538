import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createApi, type Api } from "./start/api.ts";
import { startBookings, type Bookings } from "./start/bookings.ts";
import { startCountersign, type Countersign, type KeyPlace } from "./start/countersign.ts";
import { chooseDocument, readBookingsUrl } from "./start/document.ts";
import { followRun, type Following } from "./start/follow-run.ts";
import { layOut } from "./start/lay-out.ts";
import { namePlace } from "./start/name-place.ts";
import { takePlace, type Patience } from "./start/patience.ts";
import { Stopped } from "./start/stopped.ts";
import { toLine } from "./start/tell-event.ts";

/**
 * The quickstart: Countersign with three servers, and an agent that books a flight once a person agrees.
 * It uses nothing of the product but its command line and its HTTP interface.
 */
const task =
  "Find a flight from London to New York next Tuesday; " +
  "if it costs less than $500, book it and put it in my calendar.";
const directory = import.meta.dirname;
const log = path.join(directory, ".travel", "countersign.log");
/** Where the command line looks by itself. */
const usual = process.env["COUNTERSIGN_URL"] || "http://127.0.0.1:7070";

/** Whoever reads from a pipe gets each line whole. */
function say(line: string): void {
  const { columns, isTTY } = process.stdout;
  process.stdout.write(`${isTTY && columns > 0 ? layOut(line, columns) : line}\n`);
}

interface Started {
  readonly bookings: Bookings;
  readonly countersign: Countersign;
}

async function start(listen: string | null, patience: Patience): Promise<Started> {
  const isAnywhere = listen?.endsWith(":0") === true;
  const port = isAnywhere ? 0 : Number(new URL(readBookingsUrl(directory)).port);
  // Before Countersign: a run that waits there may go on, and book, as soon as it is up.
  const bookings = await startBookings({ directory, port, log, patience, say });
  try {
    return { bookings, countersign: await startDocument(bookings.url, { listen, patience }) };
  } catch (error) {
    await bookings.stop();
    throw error;
  }
}

async function startDocument(
  bookingsUrl: string,
  { listen, patience }: { readonly listen: string | null; readonly patience: Patience },
): Promise<Countersign> {
  const wishes = { directory, variables: process.env, bookingsUrl };
  const { file, model } = await chooseDocument(wishes);
  const countersign = await startCountersign({ directory, file, listen, log, patience });
  const took = (performance.now() / 1000).toFixed(1);
  say(`ready ${countersign.url} (${took} s)`);
  say(toLine("model", model));
  for (const line of toKeyLines(countersign.keys)) say(toLine("keys", line));
  say(toLine("log", namePlace(log)));
  return countersign;
}

/** The keys of one folder on one line. */
function toKeyLines(keys: readonly KeyPlace[]): readonly string[] {
  const folders = Map.groupBy(keys, ({ place, made }) => {
    return `${namePlace(path.dirname(place))}${made ? " (new)" : ""}`;
  });
  return [...folders].map(
    ([folder, there]) =>
      `${there.map(({ place }) => path.basename(place)).join(", ")} in ${folder}`,
  );
}

async function stopCountersign({ child }: Countersign): Promise<void> {
  child.kill("SIGTERM");
  await child.ended;
}

/** How long the servers may take until their tools are known. */
const toolsWithinMs = 30_000;
const lookAgainMs = 100;

async function untilTools(api: Api, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const { servers } = (await api.get("/v1/servers")) as {
      readonly servers: readonly { name: string; state: string; reason: string | null }[];
    };
    const missing = servers.filter(({ state }) => state !== "ready");
    if (missing.length === 0) return;
    if (waitedMs >= toolsWithinMs) {
      const why = missing.map(({ name, state, reason }) => `${name} is ${state}: ${reason ?? ""}`);
      throw new Stopped([...why, `The log: ${log}`].join("\n"));
    }
    await sleep(lookAgainMs, undefined, { signal });
  }
}

/** A run that an earlier start left unfinished goes on; where there is none, a new one is started. */
async function findRun(api: Api): Promise<string> {
  const { runs } = (await api.get("/v1/runs?agent=travel&limit=200")) as {
    readonly runs: readonly { readonly id: string; readonly state: string }[];
  };
  const open = runs.find(({ state }) => !["completed", "failed", "cancelled"].includes(state));
  if (open !== undefined) {
    say(`\nRun ${open.id} of an earlier start goes on:`);
    return open.id;
  }
  const { id } = (await api.post("/v1/runs", { agent: "travel", input: task })) as { id: string };
  say(`\nRun ${id}:`);
  return id;
}

async function play({ countersign }: Started, signal: AbortSignal): Promise<void> {
  const { url, keys } = countersign;
  const admin = keys.find(({ role }) => role === "admin");
  if (admin === undefined) throw new Stopped("Countersign names no admin key.");
  const api = createApi(url, readFileSync(admin.place, "utf8").trim());
  await untilTools(api, signal);
  const flags = url === usual ? "" : ` --url ${url}`;
  const following: Following = { run: await findRun(api), say, flags, signal };
  const entries = await followRun(api, following);
  sayEnd(following, entries);
}

function sayEnd({ run, flags }: Following, entries: readonly string[]): void {
  say(
    `\n  What was done is in bookings.jsonl and calendar.jsonl of ${namePlace(path.dirname(log))}.`,
  );
  say("  Each step of the run:");
  say(`    npx countersign runs show ${run}${flags}`);
  if (entries.length > 0) {
    say("  What it did has receipts:");
    for (const [index, entry] of entries.entries()) {
      say(`    npx countersign receipts show ${entry} --save receipt-${index + 1}.json${flags}`);
    }
    say("  which verify without the server:");
    say(`    npx countersign ledger key${flags} > ledger.key`);
    for (const index of entries.keys()) {
      say(`    npx countersign receipts verify receipt-${index + 1}.json --key ledger.key`);
    }
  }
  say("\nCountersign stays up; Ctrl-C ends it.");
}

/** Resolves when this is told to end; a second time ends it at once. */
function untilStopped(): Stopping {
  const stop = new AbortController();
  const stopped = Promise.withResolvers<null>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
      stopped.resolve(null);
    });
  }
  return { signal: stop.signal, stopped: stopped.promise };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { listen: { type: "string" } } });
  const { signal, stopped } = untilStopped();
  const place = takePlace(path.join(directory, ".travel", "quickstart.pid"));
  say("Countersign starts, with the servers of examples/travel …");
  try {
    const started = await start(values.listen ?? null, place.patience);
    try {
      await Promise.race([stopped, untilBroken(started), playOn(started, { signal, stopped })]);
      // On a line of its own, below the ^C of a terminal.
      say("\nCountersign stops …");
    } finally {
      await stopCountersign(started.countersign);
      await started.bookings.stop();
    }
  } finally {
    place.leave();
  }
  return 0;
}

/** Rejects when a part that it cannot do without has ended. */
function untilBroken({ bookings, countersign }: Started): Promise<never> {
  const over = countersign.child.ended.then((code): never => {
    throw new Stopped(`Countersign ended (${code}). Its log: ${log}`);
  });
  return Promise.race([over, bookings.lost]);
}

interface Stopping {
  readonly signal: AbortSignal;
  readonly stopped: Promise<null>;
}

/** The run to its end; then the server stays up. */
async function playOn(started: Started, { signal, stopped }: Stopping): Promise<null> {
  try {
    await play(started, signal);
  } catch (error) {
    // Whatever breaks off when it is told to end is no news.
    if (!signal.aborted) throw error;
  }
  return stopped;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Stopped)) throw error;
  process.stderr.write(`countersign: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
