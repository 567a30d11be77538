import type { Run } from "../../../src/client/client.ts";
import type { MockAsked, MockRoute } from "./mock-route.ts";
import { ago, mockDigest } from "./mock-world.ts";
import { refuse } from "./refuse.ts";
import type { RunBook } from "./run-book.ts";
import { runMocks } from "./run-mocks.ts";
import { findMoved } from "./run-moves.ts";
import type { RunHead } from "./run-head.ts";
import { tellStory, toReason, toUnlisted } from "./run-story.ts";
import { storyApproval, storyCaps, storyChild } from "./story-acts.ts";

interface Told {
  readonly head: RunHead;
  readonly book: RunBook;
}

const told = new Map<string, Told>();

/** As the list of runs has it now: what is done to a run there is seen here. */
function findHead(id: string): RunHead | null {
  const list = runMocks.find(({ method, path }) => method === "GET" && path === "/v1/runs");
  const body = list?.answer({ params: {}, query: {}, body: null }).body as
    | { readonly runs: readonly Partial<RunHead>[] }
    | undefined;
  const row = body?.runs.find((each) => each.id === id);
  if (row === undefined) return toUnlisted(id, ago(2_900_000));
  const { agent, subject, state = "completed", parent = null, createdAt, why = null } = row;
  return {
    id,
    state: findMoved(id) ?? state,
    parent,
    agent: agent ?? "travel",
    subject: subject ?? "user:ada",
    createdAt: createdAt ?? ago(2_900_000),
    why,
  };
}

/** A run whose state has changed is told anew. */
export function findTold(id: string): Told | null {
  const head = findHead(id);
  if (head === null) return null;
  const known = told.get(id);
  if (known !== undefined && known.head.state === head.state) return known;
  const fresh = { head, book: tellStory(head) };
  told.set(id, fresh);
  return fresh;
}

export function toMockRun({ head, book }: Told): Run {
  const { id, agent, subject, state, parent, createdAt } = head;
  const { events } = book;
  const costs = events.flatMap(({ event }) => (event["cost"] ?? []) as Amounts | []);
  const sum = (name: keyof Amounts): number => costs.reduce((all, cost) => all + cost[name], 0);
  const hasCalls = events.some(({ event }) => event.type === "call.deferred");
  return {
    id,
    agent,
    bundle: mockDigest(11),
    subject,
    state,
    head: events.length,
    parent,
    createdAt,
    deadline: null,
    steps: events.filter(({ event }) => event.type === "model.responded").length,
    maxSteps: 12,
    budget: {
      caps: { money: toMoney(storyCaps.micros), tokens: storyCaps.tokens, calls: storyCaps.calls },
      spent: { money: toMoney(sum("micros")), tokens: sum("tokens"), calls: sum("calls") },
      held:
        state === "running"
          ? { money: "0.020000", tokens: 4_000, calls: 0 }
          : { money: "0.000000", tokens: 0, calls: 0 },
    },
    waits: state === "waiting" ? [toWait(head)] : [],
    reason: toReason(head),
    output: state === "completed" ? "The flight is booked: LX 1442 on 14 March, QX7K2M." : null,
    quality: null,
    calls: hasCalls
      ? [
          {
            step: 2,
            ordinal: 0,
            tool: "bookings__book",
            effect: "write",
            state: callStates[state] ?? "done",
          },
        ]
      : [],
    children: events.some(({ event }) => event.type === "child.started") ? [storyChild] : [],
  };
}

const callStates: Readonly<Partial<Record<Run["state"], Run["calls"][number]["state"]>>> = {
  waiting: "waiting",
  partial: "unknown",
};

interface Amounts {
  readonly micros: number;
  readonly tokens: number;
  readonly calls: number;
}

function toWait({ why }: RunHead): Run["waits"][number] {
  const none = { run: null, tool: null, approval: null, digest: null, url: null };
  if (why === "run") return { ...none, kind: "run", run: storyChild, until: null };
  const until = ago(-2_000_000);
  if (why === "timer" || why === "credential") return { ...none, kind: why, until };
  const [tool, approval, digest] = ["bookings__book", storyApproval, mockDigest(61)];
  return { ...none, kind: "approval", until, tool, approval, digest };
}

function toMoney(micros: number): string {
  return (micros / 1_000_000).toFixed(6);
}

const gone = refuse("not_found", "There is no run of this id.");

/** Of a run that there is. */
function of(answer: (told: Told, asked: MockAsked) => unknown): MockRoute["answer"] {
  return (asked) => {
    const found = findTold(asked.params["id"]!);
    return found === null ? gone : { body: answer(found, asked) };
  };
}

export const runDetailMocks: readonly MockRoute[] = [
  { method: "GET", path: "/v1/runs/{id}", answer: of(toMockRun) },
  {
    method: "GET",
    path: "/v1/runs/{id}/trace",
    answer: of(({ head, book }) => ({
      id: head.id,
      trace: "0af7651916cd43dd8448eb211c80319c",
      cut: false,
      spans: book.spans,
    })),
  },
  {
    method: "GET",
    path: "/v1/runs/{id}/events",
    answer: of(({ book }, { query }) => {
      const after = Number(query["after"] ?? 0);
      const limit = Number(query["limit"] ?? 200);
      const rest = book.events.filter(({ seq }) => seq > after);
      const events = rest.slice(0, limit);
      return { events, next: rest.length > limit ? events.at(-1)!.seq : null };
    }),
  },
  {
    method: "GET",
    path: "/v1/runs/{id}/contents/{digest}",
    answer: (asked) => {
      const digest = asked.params["digest"]!;
      const text = findTold(asked.params["id"]!)?.book.contents.get(digest);
      return text === undefined ? gone : { body: { digest, text } };
    },
  },
];
