import type { Run } from "../../../src/client/client.ts";
import { mockDigest, mockId } from "./mock-world.ts";
import { answer, ask } from "./run-acts.ts";
import { addSpan, createBook, endSpan, keep, numberOf, tell, type RunBook } from "./run-book.ts";
import type { RunHead } from "./run-head.ts";
import { buy, compare, look, storyCaps, storyChild } from "./story-acts.ts";

/** Tells the run as far as its state goes. */
export function tellStory(head: RunHead): RunBook {
  const at = createBook(head.id, Date.parse(head.createdAt));
  begin(at, head);
  if (head.state === "queued") return at;
  const root = addSpan(at, {
    name: `invoke_agent ${head.agent}`,
    parent: null,
    fromMs: at.atMs,
    toMs: null,
    attributes: { "openinference.span.kind": "AGENT", "gen_ai.agent.name": head.agent },
  });
  tell(at, 18, { type: "run.started" });
  if (head.id === storyChild) {
    const text = "Both passports are valid: until 2029 and 2031.";
    answer(at, root, { step: 0, tookMs: 2_218, text, input: 820, cached: 0, output: 44 });
    tell(at, 4, { type: "run.completed", output: keep(at, { name: null, text }) });
    endSpan(at, root, { attributes: { "countersign.outcome": "completed" } });
    return at;
  }
  look(at, root);
  compare(at, root, head);
  if (head.state === "waiting" && head.why === "run") return at;
  if (head.state === "running") {
    ask(at, root, 2);
    return at;
  }
  if (head.state === "paused") {
    tell(at, 2_100, { type: "run.paused", by: "ada", inbox: 3 });
    return at;
  }
  if (head.state !== "stopped" && head.state !== "failed") buy(at, root, head);
  if (head.state !== "waiting") end(at, root, head);
  return at;
}

function begin(at: RunBook, { agent, subject, parent, id }: RunHead): void {
  const [kind = "user", name = "ada"] = subject.split(":");
  tell(at, 0, {
    type: "run.created",
    agent,
    bundle: mockDigest(11),
    input: keep(at, {
      name: null,
      text: "Find us a flight to Lisbon on 14 March, two seats, and a room in Alfama for four nights. Book the flight if it is below 350 euros together.",
    }),
    principal: { tenant: "default", kind, subject: name, actor: null },
    roles: ["caller"],
    parent: parent === null ? null : { run: parent, step: 1, ordinal: 1 },
    root: parent ?? id,
    forkOf: null,
    context: [],
    caps: storyCaps,
    maxSteps: 12,
    deadlineMs: null,
  });
}

const details: Readonly<Record<string, string>> = {
  budget: "The next turn may cost more than what is left of the cap on money.",
  loop: "flights__search was asked for five times with the same arguments.",
  parked: "a call ended that had not begun (event 21)",
  model_refused: "The model refused to answer.",
  model_unavailable: "No backend of the route answered within the time of the run.",
};
const codes: Readonly<Partial<Record<Run["state"], string>>> = {
  stopped: "budget",
  failed: "model_refused",
  parked: "parked",
};

/** Why it does not go on; null: it does, or has come to a good end. */
export function toReason({ state, why }: RunHead): Run["reason"] {
  const usual = codes[state];
  if (usual === undefined) return null;
  const code = why ?? usual;
  return { code, detail: details[code] ?? "" };
}

function toEnd(head: RunHead): Parameters<typeof tell>[2] | null {
  const { code = "", detail = "" } = toReason(head) ?? {};
  switch (head.state) {
    case "stopped":
      return { type: "run.stopped", reason: code, detail };
    case "failed":
      return { type: "run.failed", code, detail };
    case "parked":
      return { type: "run.parked", reason: detail };
    case "cancelled":
      return { type: "run.cancelled", by: "ada", inbox: 4 };
    default:
      return null;
  }
}

function end(at: RunBook, root: string, head: RunHead): void {
  const { state } = head;
  const ended = toEnd(head);
  const error = state === "completed" || state === "cancelled" ? {} : { "error.type": state };
  if (ended === null) {
    const text =
      "The flight is booked: **LX 1442** on 14 March, two window seats, QX7K2M. In Alfama nothing is free below 155 euros a night.";
    answer(at, root, { step: 3, tookMs: 1_730, text, input: 6_420, cached: 5_632, output: 88 });
    const output = keep(at, { name: null, text });
    const parts = { done: [], open: [], unknown: [{ step: 2, ordinal: 0 }] };
    tell(
      at,
      9,
      state === "partial"
        ? { type: "run.partly_completed", output, ...parts }
        : { type: "run.completed", output },
    );
  } else tell(at, 40, ended);
  endSpan(at, root, {
    error: "error.type" in error,
    attributes: { "countersign.outcome": state, ...error },
  });
}

/** Stands for a run that the list does not have. */
export function toUnlisted(id: string, createdAt: string): RunHead | null {
  if (id === storyChild)
    return {
      id,
      agent: "clerk",
      subject: "user:ada",
      state: "completed",
      parent: mockId(1),
      createdAt,
      why: null,
    };
  return numberOf(id) === 1
    ? {
        id,
        agent: "travel",
        subject: "user:ada",
        state: "completed",
        parent: null,
        createdAt,
        why: null,
      }
    : null;
}
