import { expect, test } from "vitest";
import { callStates } from "../../../../src/model/call-states.ts";
import { listEvents } from "../../../../src/model/state-table.ts";
import { toBackendState } from "./backend-state.ts";
import { findings, findResolveReason, type DoubtfulCall } from "./resolve-words.ts";
import { toBranches } from "./to-branches.ts";

const notAfter = "2026-01-01T10:00:00.000Z";
const toCall = (state: DoubtfulCall["state"]) => ({ state, notAfter }) as DoubtfulCall;

test("of a call under way nothing is said until its time is over", () => {
  const atMs = Date.parse(notAfter);
  expect(findResolveReason(toCall("open"), atMs - 1)).toMatch(/under way/);
  expect(findResolveReason(toCall("open"), atMs)).toBeNull();
  expect(findResolveReason(toCall("unknown"), 0)).toBeNull();
});

test("each finding is a move that the table knows of a call in doubt", () => {
  const moves = listEvents(callStates, "unknown");
  expect(new Set(findings.map(({ move }) => move))).toEqual(new Set(moves));
});

const backend = { breaker: "closed", resting: false, lastFault: null } as Parameters<
  typeof toBackendState
>[0];

test("a backend is as it was found just now, and without a look never said to be well", () => {
  const word = (...given: Parameters<typeof toBackendState>) => toBackendState(...given).word;
  const looked = { name: "a", tookMs: 12, problem: null };
  expect(word({ ...backend, breaker: "open" }, { ...looked, answers: true })).toBe("answers");
  expect(word(backend, { ...looked, answers: false })).toBe("does not answer");
  expect(word({ ...backend, breaker: "open" }, null)).toBe("left alone");
  expect(word({ ...backend, resting: true }, null)).toBe("resting");
  expect(word({ ...backend, lastFault: "502" }, null)).toBe("failed last");
  expect(toBackendState(backend, null)).toMatchObject({ tone: "neutral", word: "no complaint" });
});

test("a document is shown by its parts, each of them whole", () => {
  const document = { listen: "127.0.0.1:7070", agents: { a: 1, b: 2 }, budgets: {}, ports: [1] };
  const branches = toBranches(document);
  expect(branches.map(({ name, count }) => [name, count])).toEqual([
    ["listen", '"127.0.0.1:7070"'],
    ["agents", "2 members"],
    ["budgets", "empty"],
    ["ports", "1 member"],
  ]);
  const back = branches.map(({ name, text }) => [name, JSON.parse(text) as unknown]);
  expect(Object.fromEntries(back)).toEqual(document);
  expect(toBranches(null)).toEqual([{ name: "document", count: "", text: "null" }]);
});
