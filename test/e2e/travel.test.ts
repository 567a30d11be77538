import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { share } from "../at-end.ts";
import { proving } from "../scale.ts";
import { makeTravel, until, type Quickstart, type Travel } from "../travel/quickstart.ts";

/** The quickstart, as it lies in examples/travel, from its first line to its last. */

// Whole programs, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 240_000 });

/** The very command that the terminal shows, in another process. */
async function decide({ home }: Travel, started: Quickstart, word: "approve" | "deny") {
  const line = await started.until(new RegExp(`npx countersign ${word} `));
  const argv = line.trim().split(" ").slice(2);
  return home.run(...argv);
}

const tripOf = ({ bookings, events }: Travel) => ({
  bookings: bookings().map(({ kind }) => kind),
  events: events().map(({ kind }) => kind),
});
const once = { bookings: ["booked"], events: ["created"] };

const begin = share(async () => {
  const travel = await makeTravel();
  return { travel, started: travel.start() };
});

/** For most of a minute the call is made again and again: that passes while the other tests run. */
async function losesCalendar() {
  const { travel, started } = await begin();
  await started.until(/countersign approve/);
  const away = path.join(travel.directory, "servers", "calendar.ts");
  renameSync(away, `${away}.away`);
  for (const pid of travel.programs("calendar.ts")) process.kill(pid, "SIGKILL");
  expect(await decide(travel, started, "approve")).toMatchObject({ code: 0 });
  return { travel, started, away };
}
let outage: Awaited<ReturnType<typeof losesCalendar>> | null = null;
beforeAll(async () => {
  outage = await losesCalendar();
}, 240_000);

test("I4: the run waits for a person, books once, writes the calendar, and its receipts verify", async () => {
  const travel = await makeTravel({ isBare: true });
  const { home, url } = travel;
  const started = travel.start();
  await started.until(new RegExp(`^ready ${url} `));
  await started.until(/scripted: no model/);
  const page = await started.until(/\/approvals\//);
  expect(page).toContain(`:${new URL(url).port}/approvals/`);
  expect(await started.until(/waits for a person/)).toContain("bookings__book_flight");
  await started.until(/with \{"flight":"N0702-[-\d]+","passenger":"Alex Traveller"\}/);
  expect(tripOf(travel)).toEqual({ bookings: [], events: [] });

  expect(await decide(travel, started, "approve")).toMatchObject({ code: 0 });
  const done = await started.until(/^ {2}done /);
  await started.until(/Countersign stays up/);
  expect(tripOf(travel)).toEqual(once);
  const [booking] = travel.bookings();
  const [event] = travel.events();
  const { id: flight } = booking!["flight"] as { id: string };
  expect(done).toContain(flight);
  expect(done).toContain(booking!["id"]);
  expect(event).toMatchObject({
    date: flight.slice(-10),
    notes: expect.stringContaining(flight) as unknown,
  });
  // Both were made under a key that only the gate gives.
  expect([booking!["key"], event!["key"]]).toEqual([expect.any(String), expect.any(String)]);

  const receipts = started.lines.filter((line) => line.includes("receipts show"));
  expect(receipts).toHaveLength(2);
  const key = (await home.run("ledger", "key")).out;
  writeFileSync(path.join(home.directory, "ledger.key"), key);
  for (const line of receipts) {
    const argv = line.slice(line.indexOf("receipts show")).trim().split(" ");
    expect(await home.run(...argv)).toMatchObject({ code: 0 });
    const file = argv[argv.indexOf("--save") + 1]!;
    const verified = await home.run("receipts", "verify", file, "--key", "ledger.key");
    expect([verified.code, verified.out]).toEqual([0, expect.stringContaining("verifies")]);
  }

  expect((await fetch(`${url}/ready`)).status).toBe(200);
  started.kill("SIGINT");
  expect(await started.ended).toBe(0);
  expect(travel.programs("")).toEqual([]);
});

test("what is denied is not booked, and the next start begins a new run", async () => {
  const travel = await makeTravel();
  const first = travel.start();
  expect(await decide(travel, first, "deny")).toMatchObject({ code: 0 });
  expect(await first.until(/^ {2}done /)).toContain("was not booked");
  expect(tripOf(travel)).toEqual({ bookings: [], events: [] });
  first.kill("SIGTERM");
  expect(await first.ended).toBe(0);

  const second = travel.start();
  expect(await decide(travel, second, "approve")).toMatchObject({ code: 0 });
  await second.until(/Countersign stays up/);
  expect(tripOf(travel)).toEqual(once);
  const runs = [first, second].map(({ lines }) => lines.find((line) => line.startsWith("Run ")));
  expect(runs[0]).not.toBe(runs[1]);
});

test("I4: killed again and again, it ends once", async () => {
  const travel = await makeTravel();
  const places = proving
    ? [/^ready/, /^ {2}log/, /^Run/, /asked/, /get_days: done/, /search_flights: done/]
    : [/^Run/, /search_flights: done/];
  for (const place of [...places, /countersign approve/]) {
    const killed = travel.start();
    await killed.until(place);
    killed.kill("SIGKILL");
    await killed.ended;
  }
  const approved = travel.start();
  expect(await decide(travel, approved, "approve")).toMatchObject({ code: 0 });
  approved.kill("SIGKILL");
  await approved.ended;
  const last = travel.start();
  const goesOn = (await last.until(/^Run /)).includes("of an earlier start");
  // Where the run had ended before it was killed, this start begins another one, which waits.
  await last.until(goesOn ? /Countersign stays up/ : /countersign approve/);
  expect(tripOf(travel), last.lines.join("\n")).toEqual(once);
  last.kill("SIGTERM");
  expect(await last.ended).toBe(0);
});

test("a port that is taken is named, and nothing stays behind", async () => {
  const travel = await makeTravel();
  const { port } = new URL(travel.url);
  const other = createServer().listen(Number(port), "127.0.0.1");
  onTestFinished(() => void other.close());
  const started = travel.start();
  expect(await started.ended).not.toBe(0);
  expect(started.err()).toContain(port);
  await until("all programs end", () => travel.programs("").length === 0);
});

test("the bookings server is started again when it ends", async () => {
  const travel = await makeTravel();
  const started = travel.start();
  await started.until(/countersign approve/);
  for (const pid of travel.programs("bookings.ts")) process.kill(pid, "SIGKILL");
  await started.until(/started again/);
  await until("it answers", async () => travel.programs("bookings.ts").length === 1);
  await systemClock.sleep(1_000);
  expect(await decide(travel, started, "approve")).toMatchObject({ code: 0 });
  await started.until(/Countersign stays up/);
  expect(tripOf(travel)).toEqual(once);
});

test("the calendar is down after the booking: partial, resumed for the calendar alone", async () => {
  const { travel, started, away } = outage!;
  expect(await started.until(/^ {2}partly /)).toContain("could not be");
  expect(tripOf(travel)).toEqual({ bookings: ["booked"], events: [] });
  const resume = await started.until(/countersign runs resume/);
  renameSync(`${away}.away`, away);
  const argv = resume.trim().split(" ").slice(2);
  expect(await travel.home.run(...argv)).toMatchObject({ code: 0 });
  await started.until(/^ {2}done /);
  expect(tripOf(travel)).toEqual(once);
});
