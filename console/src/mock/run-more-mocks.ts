import type { Run, RunContext, RunExplanation } from "../../../src/client/client.ts";
import { runStates, type RunMove } from "../../../src/model/run-states.ts";
import { isTerminal } from "../../../src/model/state-table.ts";
import type { MockAnswer, MockAsked, MockRoute } from "./mock-route.ts";
import { mockDigest, mockId } from "./mock-world.ts";
import { refuse } from "./refuse.ts";
import type { MockEvent } from "./run-book.ts";
import { findTold, toMockRun } from "./run-detail-mocks.ts";
import { moveRun } from "./run-moves.ts";

type Told = NonNullable<ReturnType<typeof findTold>>;

function ofRun(answer: (told: Told, asked: MockAsked) => MockAnswer): MockRoute["answer"] {
  return (asked) => {
    const told = findTold(asked.params["id"]!);
    return told === null ? refuse("not_found", "There is no such run.") : answer(told, asked);
  };
}

const toTime = (ms: number): string => new Date(ms).toISOString();
const none = { class: "none", code: null } as const;

function showContext({ head, book }: Told, { query }: MockAsked): MockAnswer {
  const asked = book.events.filter(({ event }) => event.type === "model.asked");
  const given = query["step"];
  const found =
    given === undefined
      ? asked.at(-1)
      : asked.findLast(({ event }) => event["step"] === Number(given));
  if (found === undefined) return refuse("not_found", "The run has no such snapshot.");
  const step = found.event["step"] as number;
  const { tokens } = found.event["snapshot"] as { readonly tokens: Snapshot };
  const parts = listParts(book.events, step, found.seq);
  const { instructions, tools, conversation, sources } = tokens;
  const sum = Object.values(sources).reduce((all, count) => all + count, 0);
  const total = instructions + tools + conversation + sum;
  const window = 16_384;
  const context: RunContext = {
    id: head.id,
    step,
    at: toTime(found.event.atMs),
    snapshot: found.event["context"] as string,
    parent: step === 0 ? null : mockDigest(700 + step - 1),
    window,
    share: Math.round((total / window) * 10_000) / 10_000,
    tokens: { ...tokens, instructions: instructions - 180, skills: 180, total },
    counted: { backend: "gpu-east", input: Math.round(total * 0.94) },
    parts,
    dropped:
      step < 2 ? [] : [{ kind: "result", step: 0, ordinal: 0, name: null, why: "shortened" }],
    summary: null,
  };
  return { body: context };
}

interface Snapshot {
  readonly instructions: number;
  readonly tools: number;
  readonly conversation: number;
  readonly sources: Readonly<Record<string, number>>;
}

/** What the log has before the model was asked, in its order. */
function listParts(events: readonly MockEvent[], step: number, seq: number): RunContext["parts"] {
  return events.flatMap((each): RunContext["parts"] => {
    const { type, input, response, result, digest, source, ordinal = 0 } = each.event;
    const of = (each.event["step"] as number | undefined) ?? 0;
    const part = { step: of, ordinal: ordinal as number, name: null, new: of === step - 1 };
    if (each.seq >= seq) return [];
    if (type === "run.created")
      return [{ ...part, kind: "input", digest: input as string, tokens: 44, new: step === 0 }];
    if (type === "source.read")
      return [
        {
          ...part,
          kind: "source",
          name: source as string,
          digest: digest as string,
          tokens: 19,
          new: step === 0,
        },
      ];
    if (type === "model.responded")
      return [{ ...part, kind: "response", digest: response as string, tokens: 96 + of * 25 }];
    if (type === "call.ended" || type === "child.ended")
      return [{ ...part, kind: "result", digest: result as string, tokens: 140 + of * 310 }];
    return [];
  });
}

function explain(told: Told): MockAnswer {
  const { head, book } = told;
  const run = toMockRun(told);
  const [first, started] = book.events;
  const last = book.events.at(-1)!;
  const failure = run.reason === null ? none : toFailure(run.reason.code);
  const isOver = isTerminal(runStates, run.state);
  const explanation: RunExplanation = {
    id: head.id,
    trace: "0af7651916cd43dd8448eb211c80319c",
    head: run.head,
    cut: false,
    identity: toIdentity(run),
    admission: {
      at: toTime((started ?? first!).event.atMs),
      failure: none,
      unrecorded: [
        "how long it waited for a worker after each wake, and after one was lost between two events",
      ],
      asked: head.createdAt,
      started: started === undefined ? null : toTime(started.event.atMs),
      queuedMs: started === undefined ? null : started.event.atMs - first!.event.atMs,
      waits: listWaits(book.events),
      taken: 2,
      lost: [],
    },
    state: {
      at: toTime(last.event.atMs),
      failure,
      unrecorded: ["how often it was forked: a fork names this run, and this run no fork"],
      state: run.state,
      seq: last.seq,
      event: last.event.type,
      by: (last.event["by"] as string | undefined) ?? null,
      detail: run.reason?.detail ?? null,
      paused: run.state === "paused" ? 1 : 0,
      resumed: 0,
      stopped: run.state === "stopped" ? 1 : 0,
    },
    execution: { ...toExecution(run, book.events), failure },
    delivery: {
      at: isOver ? toTime(last.event.atMs) : null,
      failure: isOver && run.output === null ? failure : none,
      unrecorded: [
        "when whoever asked fetched the answer",
        "when a webhook left and what came back: a delivery keeps no times once it is over",
      ],
      ready:
        run.output === null
          ? null
          : { at: toTime(last.event.atMs), seq: last.seq, output: mockDigest(88) },
      announced: isOver
        ? [{ id: `${head.id}_${last.seq}`, type: "run.ended", at: toTime(last.event.atMs) }]
        : [],
    },
  };
  return { body: explanation };
}

function toIdentity({ id, subject, agent, bundle, createdAt }: Run): RunExplanation["identity"] {
  return {
    at: createdAt,
    failure: none,
    unrecorded: ["whether it asked with a key or a token: of a key, the subject is its name"],
    kind: subject.startsWith("service") ? "service" : "user",
    subject: subject.split(":")[1] ?? subject,
    roles: ["caller"],
    agent,
    bundle,
    parent: null,
    root: id,
    forkOf: null,
    deadline: null,
  };
}

function toFailure(code: string) {
  const classes = { budget: "budget", model_refused: "model", parked: "bug" } as const;
  return { class: classes[code as keyof typeof classes] ?? null, code };
}

function listWaits(events: readonly MockEvent[]): RunExplanation["admission"]["waits"] {
  return events.flatMap(({ event, seq }) =>
    event.type === "run.waited"
      ? [
          {
            for: "approval" as const,
            from: toTime(event.atMs),
            until: events[seq] === undefined ? null : toTime(events[seq].event.atMs),
            limit: toTime(event["untilMs"] as number),
          },
        ]
      : [],
  );
}

function toExecution(run: Run, events: readonly MockEvent[]): RunExplanation["execution"] {
  const count = (type: string, outcome?: string): number =>
    events.filter(
      ({ event }) => event.type === type && (outcome === undefined || event["outcome"] === outcome),
    ).length;
  const failed = events.filter(({ event }) => event.type === "model.failed");
  const asks = events.filter(({ event }) => event.type === "call.deferred");
  const decided = events.find(({ event }) => event.type === "approval.decided");
  const outcomes = ["answered", "tool_error", "denied", "unavailable", "fault", "unknown"];
  const book = { step: 2, ordinal: 0, tool: "bookings__book" };
  return {
    at: toTime(events.at(-1)!.event.atMs),
    failure: none,
    unrecorded: [],
    from: toTime(events[0]!.event.atMs),
    steps: run.steps,
    maxSteps: run.maxSteps,
    model: {
      asked: count("model.asked"),
      answered: count("model.responded"),
      compactions: 0,
      failed: failed.map(({ event }) => ({
        step: event["step"] as number,
        at: toTime(event.atMs),
        failure: { class: "model" as const, code: event["code"] as string },
      })),
    },
    calls: Object.fromEntries(outcomes.map((each) => [each, count("call.ended", each)])),
    children: { completed: count("child.ended"), partial: 0, failed: 0, cancelled: 0 },
    slowest: events
      .flatMap(({ event }) =>
        event.type === "call.ended"
          ? [
              {
                what: "call" as const,
                step: event["step"] as number,
                ordinal: event["ordinal"] as number,
                name: event["step"] === 2 ? "bookings__book" : "flights__search",
                at: toTime(event.atMs),
                ms: event["ms"] as number,
              },
            ]
          : [],
      )
      .toSorted((one, other) => other.ms - one.ms)
      .slice(0, 3),
    denials: [],
    asks: asks.map(({ event }) => ({
      ...book,
      at: toTime(event.atMs),
      approval: event["approval"] as string,
      decided: decided === undefined ? null : toTime(decided.event.atMs),
      outcome: decided === undefined ? null : ("approved" as const),
    })),
    unknown: count("call.ended", "unknown") > 0 ? [{ ...book, entry: null }] : [],
    open: run.state === "waiting" ? [book] : [],
    budget: run.budget,
  };
}

type Word = "cancel" | "pause" | "resume" | "compensate" | "signal";
const moves: Readonly<Partial<Record<Word, RunMove>>> = {
  cancel: "cancelled",
  pause: "paused",
  resume: "resumed",
  compensate: "resumed",
};

function tell(word: Word): MockRoute {
  return {
    method: "POST",
    path: `/v1/runs/{id}/${word}`,
    answer: ofRun(({ head: { id, state } }) => {
      if (isTerminal(runStates, state)) return refuse("run_ended", `Run ${id} has ended.`);
      const move = moves[word];
      if (move !== undefined) moveRun(id, state, move);
      const told = { id, word };
      return { status: 202, body: word === "resume" ? { ...told, stopped: [] } : told };
    }),
  };
}

export const runMoreMocks: readonly MockRoute[] = [
  { method: "GET", path: "/v1/runs/{id}/context", answer: ofRun(showContext) },
  { method: "GET", path: "/v1/runs/{id}/explain", answer: ofRun(explain) },
  ...(["cancel", "pause", "resume", "compensate", "signal"] as const).map(tell),
  {
    method: "POST",
    path: "/v1/runs/{id}/fork",
    answer: ofRun(({ head }, { body }) => ({
      status: 201,
      body: { id: mockId(1), of: head.id, step: (body as { readonly step: number }).step },
    })),
  },
];
