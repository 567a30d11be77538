import { entrySchema, toDigest } from "../../src/model/index.ts";
import { minute, openedMs, toCall, toId, type Told } from "./ledger-entries.ts";

const bubblewrap = {
  tier: "T1",
  driver: "bubblewrap",
  evidence: toDigest("canary"),
  limits: toDigest("limits"),
  downgraded: false,
  exit: null,
  egress: {
    attempts: 3,
    refused: 1,
    digest: toDigest("egress"),
  },
  usage: {
    memoryPeakBytes: 48_234_496,
    cpuUs: 91_000,
  },
};
const booked = '{"content":[{"type":"text","text":"Booked BA 117: XK4T2"}]}';
const search = { server: "flights", tool: "search", rules: ["flights/read"], outcome: "answered" };

const gapMs = openedMs - 300 * minute;
const gap = {
  kind: "gap",
  v: 1,
  tenant: "default",
  id: toId(gapMs, "gap"),
  atMs: gapMs,
  replica: "gate-2",
  fromMs: gapMs - 50,
  toMs: gapMs,
};
const askedMs = openedMs - 240 * minute;
const completion = {
  kind: "completion",
  v: 1,
  tenant: "default",
  id: toId(askedMs, "completion"),
  atMs: askedMs,
  model: "fast",
  backend: "house",
  by: toDigest("by"),
  agent: null,
  request: toDigest("asked"),
  answer: toDigest("answer"),
  outcome: "answered",
  usage: { input: 812, cached: 0, written: 0, output: 96, reasoning: null },
  reason: null,
  cost: { micros: 1_930, prices: toDigest("prices") },
  tookMs: 1_204,
  trace: null,
};

const alone = (entry: object): Told => ({ entries: [entrySchema.parse(entry)], openings: [] });

/** Everything that the log tells of, the oldest first. */
export const told: readonly Told[] = [
  alone(gap),
  alone(completion),
  toCall({ ...search, ago: 180, args: { from: "LHR", to: "JFK" }, result: booked }),
  toCall({
    ago: 120,
    server: "bookings",
    tool: "refund",
    args: { booking: "QR7P1" },
    rules: ["bookings/refund"],
    outcome: "fault",
    reason: "upstream_down",
  }),
  toCall({
    ago: 95,
    server: "mail",
    tool: "send",
    args: {
      to: "grace@example.com",
      subject: "Your flight",
    },
    rules: ["mail/own"],
    outcome: "tool_error",
    result: '{"isError":true,"content":[]}',
  }),
  toCall({
    ago: 61,
    server: "bookings",
    tool: "book",
    args: {
      flight: "BA 115",
      seats: 2,
    },
    rules: ["bookings/under-limit"],
    outcome: "unknown",
    reason: "upstream_lost",
    resolution: {
      outcome: "done",
      evidence: "The airline shows the booking ML2Q8.",
    },
  }),
  toCall({
    ...search,
    ago: 30,
    args: { from: "LHR", to: "JFK", date: "2026-03-10" },
    result: booked,
  }),
  toCall({
    ago: 22,
    server: "bookings",
    tool: "book",
    args: {
      flight: "BA 117",
      seats: 1,
      price: "412.00",
    },
    rules: ["bookings/ask"],
    outcome: "answered",
    result: booked,
    approver: "ada",
  }),
  toCall({
    ago: 18,
    server: "calendar",
    tool: "add_event",
    args: {
      title: "BA 117",
      day: "2026-03-10",
    },
    rules: ["calendar/own"],
    outcome: "answered",
    sandbox: bubblewrap,
    result: '{"content":[{"type":"text","text":"added"}]}',
  }),
];
