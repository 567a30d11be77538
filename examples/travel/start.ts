import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createApi, type Api } from "./start/api.ts";
import { startBookings, type Bookings } from "./start/bookings.ts";
import { startCountersign, type Countersign } from "./start/countersign.ts";
import { chooseDocument, readBookingsUrl } from "./start/document.ts";
import { followRun, type Following } from "./start/follow-run.ts";
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
const usual = "http://127.0.0.1:7070";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Started {
  readonly bookings: Bookings;
  readonly countersign: Countersign;
}

async function start(listen: string | null, patience: Patience): Promise<Started> {
  const isAnywhere = listen?.endsWith(":0") === true;
  const usualUrl = readBookingsUrl(directory);
  const port = isAnywhere ? 0 : Number(new URL(usualUrl).port);
  const starting = startBookings({ directory, port, log, patience, say });
  // Side by side, where it is known before where the bookings will answer.
  const bookingsUrl = isAnywhere ? (await starting).url : usualUrl;
  const countersign = startDocument(bookingsUrl, { listen, patience });
  const settled = await Promise.allSettled([starting, countersign]);
  const [first, second] = settled;
  if (first.status === "fulfilled" && second.status === "fulfilled") {
    return { bookings: first.value, countersign: second.value };
  }
  if (first.status === "fulfilled") await first.value.stop();
  if (second.status === "fulfilled") await stopCountersign(second.value);
  throw settled.find((each) => each.status === "rejected")!.reason;
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
  for (const { role, place, made } of countersign.keys) {
    say(toLine("key", `${role}: ${place}${made ? " (new)" : ""}`));
  }
  say(toLine("log", log));
  return countersign;
}

async function stopCountersign({ child }: Countersign): Promise<void> {
  child.kill("SIGTERM");
  await child.ended;
}

/** How long the servers may take until their tools are known. */
const toolsWithinMs = 30_000;
const lookAgainMs = 100;

async function untilTools(api: Api, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs < toolsWithinMs; waitedMs += lookAgainMs) {
    const { servers } = (await api.get("/v1/servers")) as {
      readonly servers: readonly { readonly state: string }[];
    };
    if (servers.every(({ state }) => state === "ready")) return;
    await sleep(lookAgainMs, undefined, { signal });
  }
  throw new Stopped(`The servers are not ready. \`npx countersign servers\` and ${log} say why.`);
}

/** A run that an earlier start left unfinished goes on; where there is none, a new one is started. */
async function findRun(api: Api): Promise<string> {
  const { runs } = (await api.get("/v1/runs?agent=travel&limit=200")) as {
    readonly runs: readonly { readonly id: string; readonly state: string }[];
  };
  const open = runs.find(({ state }) => ["queued", "running", "waiting"].includes(state));
  if (open !== undefined) {
    say(`\nRun ${open.id} of an earlier start goes on:`);
    return open.id;
  }
  const resting = runs.find(({ state }) => ["partial", "stopped", "paused"].includes(state));
  if (resting !== undefined) {
    say(`\nRun ${resting.id} is ${resting.state}: npx countersign runs resume ${resting.id}`);
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
  say("");
  say(`  What was done: ${path.join(directory, ".travel")}/bookings.jsonl and calendar.jsonl`);
  say(`  The run:       npx countersign runs show ${run}${flags}`);
  for (const entry of entries) {
    say(`  A receipt:     npx countersign receipts show ${entry} --save ${entry}.json${flags}`);
  }
  const [first] = entries;
  if (first !== undefined) {
    say(`  Its proof:     npx countersign ledger key${flags} > ledger.key`);
    say(`                 npx countersign receipts verify ${first}.json --key ledger.key`);
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
      say("Countersign stops …");
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
