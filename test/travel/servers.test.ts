import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import {
  Client,
  StreamableHTTPClientTransport,
  type Transport,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { expect, onTestFinished, test } from "vitest";
import { openJournal } from "../../examples/travel/servers/journal.ts";
import { toDays } from "../../examples/travel/servers/dates.ts";
import { z } from "zod";

const servers = path.join(import.meta.dirname, "../../examples/travel/servers");
const today = "2026-11-20";
const keyMember = "example.com/idempotency-key";

function makeState(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-travel-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

async function connect(transport: Transport) {
  const client = new Client(
    { name: "test", version: "1" },
    { versionNegotiation: { mode: "auto" } },
  );
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    client,
    /** The structured answer; of a refusal its text. */
    call: async (name: string, args: Record<string, unknown>, key?: string): Promise<unknown> => {
      const _meta = key === undefined ? {} : { [keyMember]: key };
      const result = await client.callTool({ name, arguments: args, _meta });
      const [part] = result.content;
      const text = part?.type === "text" ? part.text : "";
      if (result.isError === true) return text;
      // Clients that know no structured answers read the same.
      expect(JSON.parse(text)).toEqual(result.structuredContent);
      return result.structuredContent;
    },
  };
}

function openProgram(name: string, directory: string) {
  const env = { PATH: process.env["PATH"] ?? "", TRAVEL_STATE: directory, TRAVEL_TODAY: today };
  const args = [path.join(servers, `${name}.ts`)];
  return connect(new StdioClientTransport({ command: process.execPath, args, env }));
}

async function startBookings(directory: string, ...argv: readonly string[]) {
  const child = spawn(
    process.execPath,
    [path.join(servers, "bookings.ts"), "--state", directory, "--port", "0", ...argv],
    { env: { ...process.env, TRAVEL_TODAY: today } },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return { child, url, open: () => connect(new StreamableHTTPClientTransport(new URL(url))) };
}

function readLines(file: string): readonly unknown[] {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as unknown);
}

const endOf = async (child: ChildProcess) => {
  if (child.exitCode === null) await once(child, "exit");
  return child.exitCode;
};

test("flights of a day, the cheapest first, and only those below a price", async () => {
  const { call } = await openProgram("flights", makeState());
  const wanted = { from: "london", to: "New York", date: "2026-11-24" };
  const all = (await call("search_flights", wanted)) as { flights: { price: number }[] };
  const prices = all.flights.map(({ price }) => price);
  expect(prices.length).toBeGreaterThan(3);
  expect(prices).toEqual(prices.toSorted((a, b) => a - b));
  expect(await call("search_flights", { ...wanted, below: 429 })).toMatchObject({
    flights: [{ id: "N0702-2026-11-24", price: 387, airline: "Norse Atlantic" }],
  });
  expect(await call("search_flights", { ...wanted, to: "Atlantis" })).toEqual({ flights: [] });
  expect(await call("search_flights", { ...wanted, date: "2026-11-19" })).toContain("is over");
  expect(await call("search_flights", { ...wanted, date: "Tuesday" })).toContain("a date such as");
});

test("a booking is on disk when it is answered, and once under one key", async () => {
  const directory = makeState();
  const first = await startBookings(directory);
  const { call } = await first.open();
  const wish = { flight: "N0702-2026-11-24", passenger: "Alex Traveller" };
  const booked = (await call("book_flight", wish, "k1")) as { booking: { id: string } };
  expect(booked).toMatchObject({ booking: { status: "confirmed", flight: { price: 387 } } });
  expect(await Promise.all([1, 2, 3].map(() => call("book_flight", wish, "k1")))).toEqual([
    booked,
    booked,
    booked,
  ]);
  expect(await call("book_flight", { ...wish, passenger: "Somebody" }, "k1")).toContain(
    "another one",
  );
  first.child.kill("SIGKILL");
  await endOf(first.child);

  const again = await (await startBookings(directory)).open();
  expect(await again.call("book_flight", wish, "k1")).toEqual(booked);
  expect(readLines(path.join(directory, "bookings.jsonl"))).toHaveLength(1);
  const { id } = booked.booking;
  expect(await again.call("get_booking", { id })).toEqual(booked);
  const cancelled = { booking: { ...booked.booking, status: "cancelled" } };
  expect(await again.call("cancel_booking", { id })).toEqual(cancelled);
  expect(await again.call("cancel_booking", { id })).toEqual(cancelled);
  expect(await again.call("list_bookings", {})).toEqual({ bookings: [cancelled.booking] });
  expect(readLines(path.join(directory, "bookings.jsonl"))).toHaveLength(2);
});

test("what cannot be booked is refused with the reason, and nothing is written", async () => {
  const directory = makeState();
  const { call } = await (await startBookings(directory)).open();
  const passenger = "Alex Traveller";
  const refusals = {
    "N0702-2026-11-25": "There is no flight",
    "N0702-2026-11-19": "has left",
    "N0702-2026-13-45": "There is no flight",
    "../../etc/passwd": "There is no flight",
  };
  for (const [flight, why] of Object.entries(refusals)) {
    expect(await call("book_flight", { flight, passenger })).toContain(why);
  }
  expect(await call("book_flight", { flight: "B620-2026-11-24", passenger: " " })).toContain(
    "passenger",
  );
  expect(await call("get_booking", { id: "NOBODY" })).toBe("There is no booking NOBODY.");
  expect(await call("cancel_booking", { id: "NOBODY" })).toBe("There is no booking NOBODY.");
  expect(readFileSync(path.join(directory, "bookings.jsonl"), "utf8")).toBe("");
});

test("the bookings answer no page of another origin, and no other name of this machine", async () => {
  const { url } = await startBookings(makeState());
  const post = async (headers: Record<string, string>) => {
    const asked = request(url, { method: "POST", headers });
    asked.end();
    const [answered] = (await once(asked, "response")) as [IncomingMessage];
    answered.resume();
    return answered.statusCode;
  };
  expect(await post({ origin: "https://attacker.example" })).toBe(403);
  expect(await post({ host: "attacker.example" })).toBe(403);
  expect((await fetch(new URL("/", url))).status).toBe(404);
});

test("the bookings name a port that is taken, and end with whoever started them", async () => {
  const { child, url } = await startBookings(makeState(), "--with-parent");
  const { port } = new URL(url);
  const second = spawn(process.execPath, [
    path.join(servers, "bookings.ts"),
    "--state",
    makeState(),
    "--port",
    port,
  ]);
  let said = "";
  second.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  expect(await endOf(second)).toBe(1);
  expect(said).toContain(`Port ${port} of 127.0.0.1 is taken`);
  child.stdin.end();
  expect(await endOf(child)).toBe(0);
});

test("an event is created once under one key, listed by its day, and deleted", async () => {
  const directory = makeState();
  const { call } = await openProgram("calendar", directory);
  const wish = { title: "Flight to New York", date: "2026-11-24", start: "13:00", notes: "N0702" };
  const created = (await call("create_event", wish, "k1")) as { event: { id: string } };
  expect(created).toMatchObject({ event: wish });
  const again = await openProgram("calendar", directory);
  expect(await again.call("create_event", wish, "k1")).toEqual(created);
  expect(await again.call("create_event", { ...wish, start: "14:00" }, "k1")).toContain(
    "another one",
  );
  expect(await call("create_event", { ...wish, start: "25:00" })).toContain("a time such as");
  expect(await call("list_events", { date: "2026-11-24" })).toEqual({ events: [created.event] });
  expect(await call("list_events", { date: "2026-11-25" })).toEqual({ events: [] });
  expect(readLines(path.join(directory, "calendar.jsonl"))).toHaveLength(1);
  expect(await call("delete_event", { id: created.event.id })).toEqual(created);
  expect(await call("delete_event", { id: created.event.id })).toContain("There is no event");
  expect(await call("list_events", {})).toEqual({ events: [] });
});

test("the calendar knows which day the next Tuesday is", async () => {
  const { call } = await openProgram("calendar", makeState());
  expect(await call("get_days", {})).toMatchObject({
    today,
    weekday: "friday",
    next: { tuesday: "2026-11-24", friday: "2026-11-27", saturday: "2026-11-21" },
  });
  expect(toDays("2026-11-24").next).toMatchObject({ tuesday: "2026-12-01", monday: "2026-11-30" });
  expect(toDays("2027-01-03")).toMatchObject({ weekday: "sunday", next: { sunday: "2027-01-10" } });
});

test("every tool says what it does at most, and what it answers", async () => {
  const directory = makeState();
  const opened = await Promise.all([
    openProgram("flights", directory),
    openProgram("calendar", directory),
    startBookings(directory).then(({ open }) => open()),
  ]);
  const tools = (await Promise.all(opened.map(({ client }) => client.listTools()))).flatMap(
    (listed) => listed.tools,
  );
  const reads = tools.filter(({ annotations }) => annotations?.readOnlyHint === true);
  expect(reads.map(({ name }) => name).toSorted()).toEqual([
    "get_booking",
    "get_days",
    "list_bookings",
    "list_events",
    "search_flights",
  ]);
  expect(tools).toHaveLength(9);
  for (const { description, outputSchema, annotations } of tools) {
    expect(description).toMatch(/\.$/);
    expect(outputSchema?.type).toBe("object");
    expect(annotations).toBeDefined();
  }
});

test("a line that a crash cut short is not read, and the next one is whole", () => {
  const file = path.join(makeState(), "lines.jsonl");
  const entrySchema = z.strictObject({ n: z.int(), key: z.string().optional() });
  const journal = openJournal(file, entrySchema);
  journal.append({ n: 1, key: "a" });
  appendFileSync(file, '{"n":2,"ke');
  expect(journal.read()).toEqual([{ n: 1, key: "a" }]);
  // Somebody else came first under this key: the file says who.
  journal.append({ n: 3, key: "a" });
  journal.append({ n: 4 });
  expect(journal.read()).toEqual([{ n: 1, key: "a" }, { n: 4 }]);
  appendFileSync(file, '{"n":"five"}\n');
  expect(() => journal.read()).toThrow(/number|int/);
});
