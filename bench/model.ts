import canonicalize from "canonicalize";
import { parseStrictJson } from "../src/lib/strict-json.ts";
import {
  entrySchema,
  fromRunEventBytes,
  runEventSchema,
  toCanonicalText,
  toCommitment,
  toDigest,
  toEntryBytes,
  toLeafHash,
  toRunEventBytes,
  toUuidV7,
  nothing,
} from "../src/model/index.ts";
import { readMachine, type Report } from "./report.ts";

const rounds = 9;
const perRound = 2_000;

const id = toUuidV7(1_700_000_000_000, new Uint8Array(10).fill(1));
const digest = toDigest("x");
const salt = new Uint8Array(32).fill(7);

/** Arguments of a short call, of a usual one, and 4 KiB of them: nested, with numbers and escapes. */
const small = { from: "LHR", to: "JFK", date: "2026-11-24", passengers: 2, flexible: true };
const usual = {
  offer: "off_00009htYpSCXrwaB9DnUm0",
  route: {
    from: "LHR",
    to: "JFK",
    departs: "2026-11-24T09:40:00Z",
    arrives: "2026-11-24T12:55:00Z",
  },
  passengers: ["Ada Lovelace", "Zoë Müller"].map((name, index) => ({
    name,
    born: `198${index}-04-12`,
    document: { kind: "passport", number: `53314${index}726`, expires: "2031-02-28" },
    seat: { row: 30 + index, letter: "A", price: 24.5 },
    bags: [
      { kilograms: 23, checked: true },
      { kilograms: 8.5, checked: false },
    ],
  })),
  price: { amount: 482.37, currency: "USD", refundable: false, taxes: [61.2, 5.6, 44] },
  contact: { mail: "ada@example.com", phone: "+44 20 7946 0018", language: "en-GB" },
  note: 'Asked for "quiet" seats,\nnot behind the wing – and a vegetarian meal for one of the two.',
  labels: ["quarterly review", "new york", "approved budget 2026"],
  idempotency: "018bcfe5-6800-7101-8101-010101010101",
  hold: true,
};
const large = {
  title: "Bookings",
  items: Array.from({ length: 30 }, (_, index) => ({
    id: index,
    name: `Item number ${index}`,
    price: index * 1.25,
    tags: ["a", "bb", "ccc"],
    note: 'Some text that is "quoted" and\nlong enough – with é',
  })),
};
const entry = entrySchema.parse({
  kind: "outcome",
  v: 1,
  id,
  tenant: "acme",
  atMs: 1_700_000_000_100,
  run: id,
  trace: null,
  previous: digest,
  server: "flights",
  tool: "book",
  of: id,
  intent: digest,
  outcome: "answered",
  reason: null,
  cost: null,
  result: { commitment: digest, bytes: 812 },
  endpoint: "flights-1",
  credential: null,
  declaredCost: null,
  sandbox: { tier: "T1", limits: digest, downgraded: false },
  timings: { queuedUs: 40, upstreamUs: 9_000 },
});
const event = toRunEventBytes(
  runEventSchema.parse({
    v: 1,
    type: "call.ended",
    atMs: 1_700_000_000_100,
    step: 7,
    ordinal: 0,
    entry: id,
    outcome: "answered",
    result: digest,
    cost: nothing,
  }),
);

const calls = {
  "arguments, short": small,
  "arguments, 1 KiB": usual,
  "arguments, 4 KiB": large,
};

/** The best of some rounds: what else runs on the machine only ever makes it slower. */
function measure(work: () => unknown): number {
  for (let warm = 0; warm < perRound; warm++) work();
  let bestNs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const startNs = process.hrtime.bigint();
    for (let each = 0; each < perRound; each++) work();
    bestNs = Math.min(bestNs, Number(process.hrtime.bigint() - startNs) / perRound);
  }
  return Number((bestNs / 1_000).toFixed(2));
}

export async function measureModel(): Promise<Report> {
  const machine = readMachine();
  const rows = Object.entries(calls).map(([what, value]) => {
    const text = JSON.stringify(value);
    const bytes = new TextEncoder().encode(text);
    return {
      what,
      bytes: bytes.length,
      "JSON.parse, µs": measure(() => JSON.parse(text) as unknown),
      "strict parse, µs": measure(() => parseStrictJson(bytes)),
      "canonicalize 4.0.0, µs": measure(() => canonicalize(value)),
      "canonical, µs": measure(() => toCanonicalText(value)),
      "canonical and SHA-256, µs": measure(() => toDigest(toCanonicalText(value))),
    };
  });
  return {
    name: "model",
    about: "CPU of one operation on the path of every call.",
    machine,
    rows,
    notes: [
      `A salted commitment to the short arguments: ${measure(() => toCommitment(salt, small))} µs.`,
      `An outcome entry of ${toEntryBytes(entry).length} bytes, canonical, with its leaf hash: ${measure(() => toLeafHash(toEntryBytes(entry)))} µs.`,
      `A run's event of ${event.length} bytes, read back and checked: ${measure(() => fromRunEventBytes(event))} µs.`,
    ],
  };
}
