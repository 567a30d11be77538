import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { startMs } from "../../test/runs/fake-run-desk.ts";
import { ada, admin, openRuns, openStream } from "../../test/runs/runs-under-test.ts";
import { scaled } from "../../test/scale.ts";
import { createManualClock, type ManualClock } from "../ports/manual-clock.ts";
import { toDigest, type RunId } from "../model/index.ts";
import { isRunStream } from "./run-events.ts";

const output = toDigest("done");

/** A quarter of a minute at a time, with turns for those who wait in between. */
async function whileAdvancing<T>(clock: ManualClock, wanted: Promise<T>): Promise<T> {
  const done = new AbortController();
  void wanted.finally(() => done.abort());
  while (!done.signal.aborted) {
    clock.advance(15_000);
    await pause(2);
  }
  return wanted;
}

const eventsOf = (run: RunId) => `/v1/runs/${run}/events`;

test("events come as they happen, each with its sequence, until the run has ended", async () => {
  const { make, append, url, counted } = await openRuns();
  const run = make(admin);
  const stream = await openStream(url, eventsOf(run));
  expect([stream.status, stream.headers["content-type"]]).toEqual([200, "text/event-stream"]);
  expect(await stream.next()).toMatchObject({
    id: "1",
    event: "run.created",
    data: { type: "run.created", agent: "travel" },
  });
  await vi.waitFor(() => expect(counted.waiting).toBe(1));
  append(run, { type: "run.started" });
  expect(await stream.next()).toMatchObject({ id: "2", event: "run.started" });
  append(
    run,
    { type: "run.completed", output },
    { type: "letter.dropped", inbox: 1, reason: "ended" },
  );
  const [third, fourth, end] = await stream.take(3);
  expect([third?.id, fourth?.id]).toEqual(["3", "4"]);
  expect(end).toEqual({ id: null, event: "end", data: { state: "completed" } });
  expect(await stream.next()).toBeNull();
  expect(counted.waiting).toBe(0);
});

test("a run that stops goes on being followed: raising a cap resumes it", async () => {
  const { make, append, url } = await openRuns();
  const run = make(admin);
  append(run, { type: "run.started" }, { type: "run.stopped", reason: "budget", detail: "money" });
  const stream = await openStream(url, `${eventsOf(run)}?after=2`);
  expect((await stream.next())?.event).toBe("run.stopped");
  append(run, {
    type: "run.resumed",
    by: "admin",
    caps: null,
    maxSteps: null,
    deadlineMs: null,
    inbox: 1,
  });
  expect((await stream.next())?.event).toBe("run.resumed");
});

test("SSE dropped 50 times: no event is missing or doubled", async () => {
  const { make, append, url } = await openRuns();
  const run = make(admin);
  append(run, { type: "run.started" });
  const seen: string[] = [];
  for (let drop = 0; drop < 50; drop += 1) {
    append(run, { type: "letter.dropped", inbox: drop + 1, reason: "late" });
    append(run, { type: "letter.dropped", inbox: drop + 100, reason: "late" });
    const last = seen.at(-1);
    // Some resume as browsers do, the others as the URL says.
    const isHeader = drop % 2 === 0 && last !== undefined;
    const stream = await openStream(
      url,
      `${eventsOf(run)}${isHeader || last === undefined ? "" : `?after=${last}`}`,
      isHeader ? { "last-event-id": last } : {},
    );
    seen.push((await stream.next())!.id!);
    stream.drop();
  }
  append(run, { type: "run.cancelled", by: "admin", inbox: null });
  const rest = await openStream(url, eventsOf(run), { "last-event-id": seen.at(-1)! });
  for (let sent = await rest.next(); typeof sent?.id === "string"; sent = await rest.next())
    seen.push(sent.id);
  expect(seen).toEqual(Array.from({ length: 103 }, (_, at) => String(at + 1)));
});

test("Last-Event-ID is worth more than the URL, which a browser keeps", async () => {
  const { make, append, url } = await openRuns();
  const run = make(admin);
  append(run, { type: "run.started" }, { type: "run.failed", code: "x", detail: "" });
  const stream = await openStream(url, `${eventsOf(run)}?after=0`, { "last-event-id": "2" });
  expect((await stream.take(2)).map((sent) => sent?.event)).toEqual(["run.failed", "end"]);
  const over = await openStream(url, `${eventsOf(run)}?after=3`);
  expect((await over.take(2)).map((sent) => sent?.event)).toEqual(["end", undefined]);
});

test.each([
  ["a line break's text", { "last-event-id": "1\\r\\nevent: end" }],
  ["another field", { "last-event-id": "1 event: end" }],
  ["a minus", { "last-event-id": "-1" }],
  ["a fraction", { "last-event-id": "1.5" }],
  ["hex", { "last-event-id": "0x1" }],
  ["two of them", { "last-event-id": "1, 2" }],
  ["more than a double keeps", { "last-event-id": "9".repeat(16) }],
  ["a long one", { "last-event-id": "1".repeat(3_000) }],
  ["what never was", { "last-event-id": "2" }],
])("a Last-Event-ID with %s is refused before a stream begins", async (_case, headers) => {
  const { make, url, counted } = await openRuns();
  const stream = await openStream(url, eventsOf(make(admin)), headers);
  expect([stream.status, stream.headers["content-type"]]).toEqual([400, "application/json"]);
  expect(counted.changed).toBe(0);
});

test.each([
  ["after=-1", 400],
  ["after=2", 400],
  ["after=NaN", 400],
  ["after=1&contents=1", 400],
])("a stream with %s is answered with %i", async (query, status) => {
  const { make, url } = await openRuns();
  expect((await openStream(url, `${eventsOf(make(admin))}?${query}`)).status).toBe(status);
});

test.each([
  ["eve", 404],
  ["ben", 404],
  ["approver-key", 403],
  ["nobody", 401],
  ["vera", 200],
  ["ada", 200],
])("%s following a run of ada is answered with %i", async (key, status) => {
  const { make, url } = await openRuns();
  const headers = { authorization: `Bearer ${key}` };
  expect((await openStream(url, eventsOf(make(ada)), headers)).status).toBe(status);
});

test("texts come with the events for those who may see arguments, and for no viewer", async () => {
  const { make, textOf, url } = await openRuns();
  const run = make(ada);
  const path = `${eventsOf(run)}?contents=true`;
  const viewer = await openStream(url, path, { authorization: "Bearer vera" });
  expect(viewer.status).toBe(403);
  const stream = await openStream(url, path, { authorization: "Bearer ada" });
  expect((await stream.next())?.data.contents).toEqual({ [textOf("Book it.")]: "Book it." });
});

test("a silent stream is kept alive, and what a hint has missed is found then", async () => {
  const clock = createManualClock(startMs);
  const { make, append, url, counted, desk } = await openRuns({ clock });
  const run = make(admin);
  const changed = desk.changed.bind(desk);
  const stream = await openStream(url, eventsOf(run));
  await stream.next();
  await vi.waitFor(() => expect(counted.waiting).toBe(1));
  // From here on the desk says nothing.
  desk.changed = (_run, _seq, signal) => changed(make(admin), 1, signal);
  append(run, { type: "run.started" });
  expect((await stream.next())?.event).toBe("run.started");
  append(run, { type: "run.failed", code: "x", detail: "" });
  const rest = await whileAdvancing(clock, stream.take(2));
  expect(rest.map((sent) => sent?.event)).toEqual(["run.failed", "end"]);
  expect(stream.comments()).toBeGreaterThan(0);
});

test("a desk that hints at nothing is not read in a circle", async () => {
  const { make, url, desk, counted } = await openRuns();
  const run = make(admin);
  desk.changed = async () => undefined;
  const stream = await openStream(url, eventsOf(run));
  await stream.next();
  const before = counted.pages;
  await pause(300);
  expect(counted.pages - before).toBeLessThan(5);
});

test("a stream ends after an hour, so that a key that was taken away is noticed", async () => {
  const clock = createManualClock(startMs);
  const { make, url, counted } = await openRuns({ clock });
  const stream = await openStream(url, eventsOf(make(admin)));
  await stream.next();
  expect(await whileAdvancing(clock, stream.next())).toBeNull();
  const lastedMs = clock.nowMs() - startMs;
  expect([lastedMs >= 3_600_000, counted.waiting]).toEqual([true, 0]);
});

test("a client that does not read is written no further than its buffers", async () => {
  const { make, append, url, counted } = await openRuns();
  const run = make(admin);
  const detail = "x".repeat(2_000);
  append(run, { type: "run.started" });
  for (let n = 0; n < 8_000; n += 1) append(run, { type: "run.failed", code: "x", detail });
  const stream = await openStream(url, eventsOf(run));
  stream.response.pause();
  await vi.waitFor(() => expect(counted.pages).toBeGreaterThan(2));
  await pause(200);
  const pages = counted.pages;
  await pause(200);
  // 16 MB lie in the log; what is on its way fills sockets and no memory of ours.
  expect([counted.pages, pages < 160]).toEqual([pages, true]);
  let count = 0;
  for (let sent = await stream.next(); typeof sent?.id === "string"; sent = await stream.next())
    count += 1;
  expect(count).toBe(8_002);
});

test("many streams: as many as may be open, half of them of one caller, and each is given back", async () => {
  const { make, url, ask } = await openRuns();
  const run = make(ada);
  const count = scaled({ test: 100, prove: 10_000 });
  const open = (key: string) => openStream(url, eventsOf(run), { authorization: `Bearer ${key}` });
  const streams = [];
  for (let from = 0; from < count; from += 100)
    streams.push(...(await Promise.all(Array.from({ length: 100 }, () => open("ada")))));
  const taken = streams.filter(({ status }) => status === 200);
  expect([taken.length, streams.filter(({ status }) => status === 503).length]).toEqual([
    8,
    count - 8,
  ]);
  const others = await Promise.all(Array.from({ length: 10 }, () => open("vera")));
  expect(others.filter(({ status }) => status === 200).length).toBe(8);
  // Requests have their places elsewhere.
  expect((await ask(`/v1/runs/${run}`)).status).toBe(200);
  for (const stream of [...taken, ...others]) stream.drop();
  await vi.waitFor(async () => expect((await open("ada")).status).toBe(200));
});

test("a server that goes away ends its streams without saying that the run has ended", async () => {
  const { make, url, drain, counted } = await openRuns();
  const stream = await openStream(url, eventsOf(make(admin)));
  await stream.next();
  await vi.waitFor(() => expect(counted.waiting).toBe(1));
  expect(await drain(1_000)).toBe("drained");
  expect([await stream.next(), counted.waiting]).toEqual([null, 0]);
});

test.each([
  ["GET", "/v1/runs/x/events", "text/event-stream", true],
  ["GET", "/v1/runs/x/events", "Text/Event-Stream; q=1", true],
  ["GET", "/v1/runs/x/events", "text/event-stream, application/json", false],
  ["GET", "/v1/runs/x/events", "*/*", false],
  ["GET", "/v1/runs/x/events", undefined, false],
  ["POST", "/v1/runs/x/events", "text/event-stream", false],
  ["GET", "/v1/runs/x/events/y", "text/event-stream", false],
  ["GET", "/v1/runs", "text/event-stream", false],
])("%s %s with %s: a stream is %s", (method, path, accept, expected) => {
  expect(isRunStream(method, path, accept)).toBe(expected);
});
