import { expect, test } from "vitest";
import { toDigest, toUuidV7, type ApprovalId, type RunId, type RunEvent } from "../model/index.ts";
import type { CommitOutcome, CommitUnit } from "../ports/store.ts";
import { fromRunEventBytes } from "../model/run-event.ts";
import { fold } from "./fold.ts";
import { Journal, RunTaken } from "./journal.ts";
import type { RunView } from "./view.ts";

const run = toUuidV7(1_700_000_000_000, new Uint8Array(10).fill(1)) as RunId;
const approval = run as unknown as ApprovalId;
const digest = toDigest("x");
const created: RunEvent = {
  v: 1,
  type: "run.created",
  atMs: 1,
  agent: "a",
  bundle: digest,
  input: digest,
  roles: [],
  principal: {
    tenant: "acme" as never,
    kind: "user",
    subject: "ada",
    actor: null,
  },
  parent: null,
  root: run,
  forkOf: null,
  context: [],
  maxSteps: 9,
  deadlineMs: null,
  caps: {
    micros: null,
    tokens: null,
    calls: null,
  },
};
const signal = (inbox: number): RunEvent => ({
  v: 1,
  type: "signal.received",
  atMs: 2,
  name: "go",
  payload: digest,
  inbox,
});
const blob = (text: string) => ({ id: toDigest(text), bytes: Buffer.from(text) });

const started: RunEvent = { v: 1, type: "run.started", atMs: 2 };
const typeOf = (bytes: Uint8Array): string => fromRunEventBytes(bytes).type;

function open(
  commit: (unit: CommitUnit) => Promise<CommitOutcome>,
  onNoted: (view: RunView) => void = () => undefined,
) {
  const units: CommitUnit[] = [];
  const base = { run, tenant: "acme" as never, epoch: 3, head: 1, priority: 0 };
  const journal = new Journal({
    view: fold(null, created),
    head: { ...base, wakeAtMs: null, ended: false, inbox: 0 },
    store: {
      commit: (unit) => {
        units.push(unit);
        return commit(unit);
      },
    },
    onNoted: (_, view) => onNoted(view),
  });
  return { journal, units };
}

const lands = async ({ append }: CommitUnit): Promise<CommitOutcome> => ({
  kind: "committed",
  head: append!.head + append!.events.length,
});

test("what is noted at the same time shares a commit, its blobs joined; what may be refused goes alone", async () => {
  const { journal, units } = open(lands);
  const consume = { tenant: "acme" as never, approval, intent: digest, nowMs: 5 };
  await Promise.all([
    journal.note({ events: [signal(1)], blobs: [blob("a")] }),
    journal.note({ events: [signal(2)], blobs: [blob("b")] }),
    journal.note({ events: [signal(3)], blobs: [blob("b"), blob("c")], wakeAtMs: 9 }),
    journal.note({ events: [signal(4)], unit: { consume } }),
    journal.note({ events: [signal(5)] }),
  ]);
  expect(units.map(({ append }) => append!.events.length)).toEqual([1, 2, 1, 1]);
  expect(units[1]!.append!.blobs!.map(({ id }) => id)).toEqual([blob("b").id, blob("c").id]);
  expect(units[1]!.append).toMatchObject({ head: 2, epoch: 3, wakeAtMs: 9, folded: 3 });
  expect(units.map((unit) => unit.consume)).toEqual([undefined, undefined, consume, undefined]);
  expect([journal.head, journal.view.inbox]).toEqual([6, 5]);
});

test("I6: whoever is fenced writes nothing any more", async () => {
  const { journal, units } = open(async () => ({ kind: "fenced", reason: "epoch" }));
  await expect(journal.note({ events: [signal(1)] })).rejects.toThrow(RunTaken);
  await expect(journal.note({ events: [signal(2)] })).rejects.toThrow(RunTaken);
  expect(units).toHaveLength(1);
  expect([journal.head, journal.view.inbox]).toEqual([1, 0]);
});

test("a commit that throws leaves the view as it was, and those behind it are tried", async () => {
  let isFirst = true;
  const { journal } = open(async (unit) => {
    if (!isFirst) return lands(unit);
    isFirst = false;
    throw new Error("gone");
  });
  const first = journal.note({ events: [signal(1)] });
  const second = journal.note({ events: [signal(2)] });
  await expect(first).rejects.toThrow("gone");
  await second;
  expect([journal.head, journal.view.inbox]).toEqual([2, 2]);
});

test.each<readonly [string, RegExp, RunEvent]>([
  ["cannot be folded", /cannot be woken/, { v: 1, type: "run.woken", atMs: 3, by: "timer" }],
  ["has a name that is too long", /too_big/, { ...signal(1), name: "x".repeat(257) } as RunEvent],
  ["has no name", /too_small/, { ...signal(1), name: "" } as RunEvent],
  ["has no time", /invalid_type/, { ...signal(1), atMs: Number.NaN }],
])("an event that %s is never written", async (_, why, event) => {
  const { journal, units } = open(lands);
  await expect(journal.note({ events: [event] })).rejects.toThrow(why);
  expect(units).toEqual([]);
});

test("what is staged counts at once, and goes first in the next commit, with its blobs", async () => {
  const { journal, units } = open(lands);
  await journal.stage({ events: [started] });
  await journal.stage({ events: [signal(1)], blobs: [blob("a")] });
  expect(units).toEqual([]);
  expect([journal.head, journal.view.state, journal.view.inbox]).toEqual([1, "running", 1]);
  await journal.note({ events: [signal(2)], blobs: [blob("b")] });
  expect(units.map(({ append }) => append!.events.map(typeOf))).toEqual([
    ["run.started", "signal.received", "signal.received"],
  ]);
  expect(units[0]!.append).toMatchObject({ head: 1, state: "running", folded: 2 });
  expect(units[0]!.append!.blobs!.map(({ id }) => id)).toEqual([blob("a").id, blob("b").id]);
  await journal.flush();
  expect(units).toHaveLength(1);
  expect([journal.head, journal.view.inbox]).toEqual([4, 2]);
});

test("what is staged is written by itself before it is too much, and when it is flushed", async () => {
  const { journal, units } = open(lands);
  for (let place = 1; place <= 10; place += 1) await journal.stage({ events: [signal(place)] });
  expect(units.map(({ append }) => append!.events.length)).toEqual([8]);
  await journal.flush();
  expect(units.map(({ append }) => append!.events.length)).toEqual([8, 2]);
  expect([journal.head, journal.view.inbox]).toEqual([11, 10]);
});

test("what is staged outlives a commit that is refused, or throws, and is never written twice", async () => {
  const answers: (CommitOutcome | Error)[] = [{ kind: "key_taken" }, new Error("gone")];
  const { journal, units } = open(async (unit) => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer ?? lands(unit);
  });
  await journal.stage({ events: [started] });
  const consume = { tenant: "acme" as never, approval, intent: digest, nowMs: 5 };
  const refused = await journal.commit({ events: [signal(1)], unit: { consume } });
  expect(refused.kind).toBe("key_taken");
  await expect(journal.note({ events: [signal(1)] })).rejects.toThrow("gone");
  expect([journal.head, journal.view.state, journal.view.inbox]).toEqual([1, "running", 0]);
  await journal.note({ events: [signal(1)] });
  await journal.note({ events: [signal(2)] });
  expect(units.slice(2).map(({ append }) => append!.events.map(typeOf))).toEqual([
    ["run.started", "signal.received"],
    ["signal.received"],
  ]);
  expect([journal.head, journal.view.inbox]).toEqual([4, 2]);
});

test("what is staged while a commit is under way stands behind it", async () => {
  const go = Promise.withResolvers<void>();
  const seen: string[] = [];
  const { journal, units } = open(
    async (unit) => (await go.promise, lands(unit)),
    (view) => seen.push(view.state),
  );
  const noted = journal.note({ events: [signal(1)] });
  await journal.stage({ events: [started] });
  go.resolve();
  await noted;
  // Who is told of what was noted hears nothing of what was not.
  expect(seen).toEqual(["queued"]);
  expect(journal.view.state).toBe("running");
  await journal.flush();
  expect(seen).toEqual(["queued", "running"]);
  expect(units.map(({ append }) => append!.head)).toEqual([1, 2]);
});

test("I6: what is staged by whoever is fenced is never written, and it is said", async () => {
  const { journal } = open(async () => ({ kind: "fenced", reason: "epoch" }));
  await journal.stage({ events: [started] });
  await expect(journal.flush()).rejects.toThrow(RunTaken);
});

test("what lists say of a run is said anew by whoever takes it, and then when it changes", async () => {
  const { journal, units } = open(lands);
  const gists = () => units.map(({ append }) => append!.gist);
  await journal.note({ events: [started] });
  await journal.note({ events: [signal(1)] });
  const waited: RunEvent = { v: 1, type: "run.waited", atMs: 3, for: "signal", untilMs: null };
  await journal.note({ events: [waited] });
  const none = { steps: 0, why: null, micros: 0, tokens: 0 };
  expect(gists()).toEqual([none, undefined, { ...none, why: "signal" }]);
});
