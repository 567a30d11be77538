import { runStates } from "../../../../src/model/run-states.ts";
import { failureClasses } from "../../../../src/model/failure-class.ts";
import type { Shape } from "./read-shape.ts";

const textOrNull: Shape = { orNull: "text" };
const timeOrNull: Shape = { orNull: "time" };
const numberOrNull: Shape = { orNull: "number" };
const state: Shape = { oneOf: Object.keys(runStates.moves) };
const caps: Shape = { has: { money: textOrNull, tokens: numberOrNull, calls: numberOrNull } };
const amounts: Shape = { has: { money: "text", tokens: "number", calls: "number" } };
const budget: Shape = { has: { caps, spent: amounts, held: amounts } };
const place = { step: "number", ordinal: "number" } as const;
const texts: Shape = { listOf: "text" };

/** Of what a page reads of a run; what a later version adds is let be. */
export const runShape: Shape = {
  has: {
    id: "text",
    agent: "text",
    bundle: "text",
    subject: "text",
    state,
    head: "number",
    parent: textOrNull,
    createdAt: "time",
    deadline: timeOrNull,
    steps: "number",
    maxSteps: "number",
    budget,
    waits: {
      listOf: {
        has: {
          kind: "text",
          until: timeOrNull,
          run: textOrNull,
          tool: textOrNull,
          approval: textOrNull,
        },
      },
    },
    reason: { orNull: { has: { code: "text", detail: "text" } } },
    output: textOrNull,
    calls: { listOf: { has: { ...place, tool: "text", effect: "text", state: "text" } } },
    children: texts,
  },
};

export const traceShape: Shape = {
  has: {
    id: "text",
    trace: "text",
    cut: "flag",
    spans: {
      listOf: {
        has: {
          id: "text",
          parent: textOrNull,
          run: "text",
          name: "text",
          kind: "text",
          start: "time",
          end: timeOrNull,
          error: "flag",
          attributes: { mapOf: "any" },
        },
      },
    },
  },
};

export const eventShape: Shape = {
  has: {
    seq: "number",
    event: {
      has: {
        type: "text",
        atMs: "number",
        step: { maybe: "number" },
        ordinal: { maybe: "number" },
        contents: { maybe: { mapOf: textOrNull } },
      },
    },
  },
};

const calls: Shape = { listOf: { has: { tool: "text", args: "text", effect: "text" } } };
const spent: Shape = { has: { micros: "number", tokens: "number", calls: "number" } };

/** Of the events that views look into; others are shown as they are. */
export const eventShapes: Readonly<Record<string, Shape>> = {
  "run.created": {
    has: {
      agent: "text",
      bundle: "text",
      input: "text",
      principal: { has: { kind: "text", subject: "text" } },
      roles: texts,
      root: "text",
    },
  },
  "model.asked": { has: { step: "number", context: "text", held: spent } },
  "model.responded": {
    has: {
      step: "number",
      backend: "text",
      response: "text",
      stop: "text",
      calls,
      usage: { mapOf: numberOrNull },
      cost: spent,
    },
  },
  "model.failed": { has: { step: "number", code: "text", cost: spent } },
  "call.started": { has: { ...place, intent: "text", entry: "text" } },
  "call.ended": {
    has: { ...place, entry: textOrNull, outcome: "text", result: "text", cost: spent },
  },
  "call.deferred": { has: { ...place, for: "text", approval: textOrNull, untilMs: "number" } },
  "skill.read": { has: { ...place, skill: "text", path: "text", digest: "text" } },
  "tools.found": { has: { ...place, tools: texts } },
  "source.read": {
    has: { step: "number", source: "text", digest: "text", isError: "flag", tokens: "number" },
  },
  "fact.read": { has: { ...place, key: "text", was: "text", value: textOrNull, result: "text" } },
  "context.compacted": {
    has: {
      step: "number",
      upTo: "number",
      summary: "text",
      ledger: "text",
      tokens: { has: { before: "number", after: "number" } },
      dropped: { has: { responses: "number", results: "number", sources: "number" } },
      cost: spent,
    },
  },
  "approval.decided": { has: { approval: "text", outcome: "text" } },
  "child.started": { has: { ...place, run: "text" } },
  "child.ended": { has: { ...place, run: "text", outcome: "text", result: "text" } },
  "compensation.planned": { has: { step: "number", response: "text", calls } },
  "signal.received": { has: { name: "text", payload: "text" } },
};

const numbers: Shape = { mapOf: "number" };
const dropped = { kind: "text", ...place, name: textOrNull, why: "text" } as const;

export const contextShape: Shape = {
  has: {
    step: "number",
    at: "time",
    snapshot: "text",
    parent: textOrNull,
    window: numberOrNull,
    share: numberOrNull,
    tokens: {
      has: {
        instructions: "number",
        skills: "number",
        tools: "number",
        conversation: "number",
        sources: numbers,
        total: "number",
      },
    },
    counted: { orNull: { has: { backend: "text", input: numberOrNull } } },
    parts: {
      listOf: {
        has: {
          kind: "text",
          ...place,
          name: textOrNull,
          digest: "text",
          tokens: "number",
          new: "flag",
        },
      },
    },
    dropped: { listOf: { has: dropped } },
    summary: { orNull: { has: { upTo: "number", text: textOrNull, ledger: textOrNull } } },
  },
};

const failure: Shape = { has: { class: { orNull: { oneOf: failureClasses } }, code: textOrNull } };
const layer = { at: timeOrNull, failure, unrecorded: texts } as const;
const call = { ...place, tool: "text" } as const;

export const explanationShape: Shape = {
  has: {
    id: "text",
    trace: "text",
    head: "number",
    cut: "flag",
    identity: {
      has: {
        ...layer,
        kind: "text",
        subject: "text",
        roles: texts,
        agent: "text",
        bundle: "text",
        parent: { orNull: { has: { run: "text", ...place } } },
        forkOf: { orNull: { has: { run: "text", step: "number" } } },
        deadline: {
          orNull: { has: { at: "time", leftAtStartMs: "number", leftMs: "number", moved: "flag" } },
        },
      },
    },
    admission: {
      has: {
        ...layer,
        asked: "time",
        started: timeOrNull,
        queuedMs: numberOrNull,
        waits: { listOf: { has: { for: "text", from: "time", until: timeOrNull } } },
        taken: "number",
        lost: { listOf: "time" },
      },
    },
    state: {
      has: {
        ...layer,
        state,
        seq: "number",
        event: "text",
        by: textOrNull,
        detail: textOrNull,
        paused: "number",
        resumed: "number",
        stopped: "number",
      },
    },
    execution: {
      has: {
        ...layer,
        steps: "number",
        maxSteps: "number",
        model: {
          has: {
            asked: "number",
            answered: "number",
            compactions: "number",
            failed: { listOf: { has: { step: "number", at: "time", failure } } },
          },
        },
        calls: numbers,
        children: numbers,
        slowest: {
          listOf: {
            has: {
              what: "text",
              step: "number",
              ordinal: numberOrNull,
              name: "text",
              ms: "number",
            },
          },
        },
        denials: { listOf: { has: { ...call, at: "time", rule: textOrNull } } },
        asks: {
          listOf: {
            has: {
              ...call,
              at: "time",
              approval: textOrNull,
              decided: timeOrNull,
              outcome: textOrNull,
            },
          },
        },
        unknown: { listOf: { has: call } },
        open: { listOf: { has: call } },
        budget,
      },
    },
    delivery: {
      has: {
        ...layer,
        ready: { orNull: { has: { at: "time", seq: "number" } } },
        announced: { listOf: { has: { id: "text", type: "text", at: "time" } } },
      },
    },
  },
};
