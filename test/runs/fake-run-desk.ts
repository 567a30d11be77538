import { nothing, type Caps } from "../../src/model/budget.ts";
import {
  Fault,
  runStates,
  toDigest,
  toSubjectKey,
  toUuidV7,
  transition,
  type Digest,
  type Principal,
  type RunId,
  type RunMove,
  type TenantId,
} from "../../src/model/index.ts";
import { toRunMove, type RunEvent } from "../../src/model/run-event.ts";
import type {
  RunAsking,
  RunContext,
  RunDesk,
  RunReport,
  RunWord,
} from "../../src/ports/run-desk.ts";

type Created = Extract<RunEvent, { type: "run.created" }>;
type Given = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, "v" | "atMs">
    : never
  : never;

interface FakeRun {
  readonly id: RunId;
  readonly created: Created;
  readonly events: RunEvent[];
  readonly listeners: Set<() => void>;
  changes: Partial<RunReport>;
  readonly contexts: RunContext[];
}

export const noCaps: Caps = { micros: null, tokens: null, calls: null };
export const startMs = 1_795_000_000_000;
const known = ["travel", "clerk"];

/** A desk whose runs go on only when a test says what happens in them. No engine is behind it. */
export function openFakeRunDesk() {
  const runs = new Map<RunId, FakeRun>();
  const keys = new Map<string, { readonly run: RunId; readonly fingerprint: string }>();
  const texts = new Map<Digest, string>();
  const told: { run: RunId; word: RunWord }[] = [];
  const asked: RunAsking[] = [];
  const counted = { changed: 0, pages: 0, waiting: 0 };
  let made = 0;

  const textOf = (text: string): Digest => {
    const digest = toDigest(text);
    texts.set(digest, text);
    return digest;
  };

  function find(tenant: TenantId, id: RunId): FakeRun {
    const run = runs.get(id);
    if (run === undefined || run.created.principal.tenant !== tenant)
      throw new Fault("not_found", `There is no run ${id}.`);
    return run;
  }

  function make(principal: Principal, changes: Partial<Created> = {}): RunId {
    made += 1;
    const id = toUuidV7(startMs + made, new Uint8Array(10)) as RunId;
    const created: Created = {
      v: 1,
      type: "run.created",
      atMs: startMs + made,
      agent: "travel",
      bundle: toDigest("a bundle"),
      input: textOf("Book it."),
      principal,
      roles: [],
      parent: null,
      root: id,
      forkOf: null,
      context: [],
      caps: noCaps,
      maxSteps: 50,
      deadlineMs: null,
      ...changes,
    };
    runs.set(id, {
      id,
      created,
      events: [created],
      listeners: new Set(),
      changes: {},
      contexts: [],
    });
    return id;
  }

  const desk: { -readonly [K in keyof RunDesk]: RunDesk[K] } = {
    async start(asking) {
      asked.push(asking);
      const { principal, agent, input, caps, key } = asking;
      if (!known.includes(agent))
        throw new Fault("not_found", "There is no agent of this name. Did you mean travel?");
      const name = `${toSubjectKey(principal)}\n${key}`;
      const fingerprint = JSON.stringify([agent, input, caps]);
      const before = key === null ? undefined : keys.get(name);
      if (before !== undefined && before.fingerprint !== fingerprint)
        throw new Fault("key_reused", "The key stands for a run with other content.");
      if (before !== undefined) return { run: before.run, isNew: false };
      const { roles, deadlineMs } = asking;
      const more = caps === null ? {} : { caps };
      const run = make(principal, { agent, input: textOf(input), roles, deadlineMs, ...more });
      if (key !== null) keys.set(name, { run, fingerprint });
      return { run, isNew: true };
    },
    byKey: async (principal, key) => keys.get(`${toSubjectKey(principal)}\n${key}`)?.run ?? null,
    read: async (tenant, id) => toReport(find(tenant, id)),
    list: async (tenant, { state, agent, parent, subject, before, limit }) =>
      [...runs.values()]
        .toReversed()
        .filter(({ created }) => created.principal.tenant === tenant)
        .filter((run) => state === undefined || toReport(run).state === state)
        .filter(({ created }) => agent === undefined || created.agent === agent)
        .filter(({ created }) => parent === undefined || created.parent?.run === parent)
        .filter(
          ({ created }) => subject === undefined || toSubjectKey(created.principal) === subject,
        )
        .filter(({ id }) => before === undefined || id < before)
        .slice(0, limit)
        .map(({ id, events, created }) => ({
          run: id,
          tenant,
          epoch: 1,
          head: events.length,
          priority: 0,
          wakeAtMs: null,
          inbox: 0,
          ended: false,
          endedAtMs: null,
          gist: null,
          state: toReport(runs.get(id)!).state,
          about: {
            agent: created.agent,
            subject: toSubjectKey(created.principal),
            parent: created.parent?.run ?? null,
            createdAtMs: created.atMs,
          },
        })),
    count: () => Promise.reject(new Error("nothing is counted here")),
    async events(tenant, id, { after, limit }) {
      counted.pages += 1;
      const { events } = find(tenant, id);
      return events.map((event, index) => ({ seq: index + 1, event })).slice(after, after + limit);
    },
    async changed(id, seq, signal) {
      counted.changed += 1;
      const run = runs.get(id);
      if (run === undefined || run.events.length > seq || signal.aborted) return;
      counted.waiting += 1;
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          run.listeners.delete(settle);
          resolve();
        };
        run.listeners.add(settle);
        signal.addEventListener("abort", settle, { once: true });
      });
      counted.waiting -= 1;
    },
    async content(tenant, id, digest) {
      find(tenant, id);
      return texts.get(digest) ?? null;
    },
    async context(tenant, id, step) {
      const { contexts } = find(tenant, id);
      const shown = contexts.findLast((each) => step === null || each.step === step);
      if (shown === undefined) throw new Fault("not_found", `Run ${id} has asked no model yet.`);
      return shown;
    },
    async tell(tenant, id, word) {
      find(tenant, id);
      told.push({ run: id, word });
    },
    async fork(tenant, id, { step, by }) {
      const { created } = find(tenant, id);
      return make(by, { agent: created.agent, forkOf: { run: id, step } });
    },
  };

  return {
    desk,
    told,
    asked,
    counted,
    textOf,
    make,
    append(id: RunId, ...given: readonly Given[]): void {
      const run = runs.get(id)!;
      for (const each of given)
        run.events.push({ v: 1, atMs: startMs + run.events.length * 1_000, ...each });
      for (const listener of run.listeners) listener();
    },
    show: (id: RunId, shown: RunContext): void => void runs.get(id)!.contexts.push(shown),
    change: (id: RunId, changes: Partial<RunReport>): void =>
      void (runs.get(id)!.changes = changes),
  };
}

const step = (state: RunReport["state"], move: RunMove) =>
  transition<RunReport["state"], RunMove>(runStates, state, move);

function toReport({ id, created, events, changes }: FakeRun): RunReport {
  let state: RunReport["state"] = runStates.initial;
  for (const event of events) {
    const move = toRunMove(event);
    const moved: ReturnType<typeof step> | null = move === null ? null : step(state, move);
    if (moved?.kind === "moved") state = moved.to;
  }
  return {
    run: id,
    agent: created.agent,
    bundle: created.bundle,
    starter: { kind: created.principal.kind, subject: created.principal.subject },
    state,
    head: events.length,
    parent: created.parent?.run ?? null,
    createdAtMs: created.atMs,
    deadlineMs: created.deadlineMs,
    steps: 0,
    maxSteps: created.maxSteps,
    budget: { caps: created.caps, spent: nothing, held: nothing },
    waits: [],
    reason: null,
    output: null,
    quality: null,
    calls: [],
    children: [],
    taken: 1,
    ...changes,
  };
}
