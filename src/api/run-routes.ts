import { z } from "zod";
import { runStates, type RunState } from "../model/run-states.ts";
import type { Contract } from "./contract.ts";
import { explainSchemas } from "./explain-schemas.ts";
import { runSchemas as schemas } from "./run-schemas.ts";

/** A caller sees and tells the runs that it started; the others those of their tenant. */
const readers = ["admin", "viewer", "operator", "auditor", "caller"] as const;
/** Texts hold arguments and results: who looks at the whole tenant may not see them all. */
const contentReaders = ["admin", "operator", "auditor", "caller"] as const;
const tellers = ["admin", "operator", "caller"] as const;
const starters = ["admin", "caller"] as const;
const json = ["application/json"] as const;
const states = Object.keys(runStates.moves) as [RunState, ...RunState[]];

const id = z.object({ id: z.string().max(64) });
const inInbox = "It is in the run's inbox.";
const told = { 202: { description: inInbox, schema: schemas.RunTold } } as const;
/** Caps and a time. */
const smallBody = 4_096;
const flag = z.enum(["true", "false"]).prefault("false");

/** Which runs a list shows and a count counts. */
const counted = {
  agent: z.string().max(256).optional(),
  parent: z.string().max(64).optional().describe("Sub-agents of this run."),
  top: flag.describe("Only those that no other run has asked for."),
} as const;

function word<Name extends string>(name: Name, summary: string) {
  return {
    method: "POST",
    path: `/v1/runs/{id}/${name}`,
    summary,
    access: tellers,
    params: id,
    answers: told,
    faults: ["run_ended"],
  } as const;
}

/** Of events, as a page and as a stream. */
export const runEventsQuery = z.object({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).prefault(0),
  limit: z.coerce.number().int().min(1).max(500).prefault(200),
  contents: flag.describe("Also the texts that events name, for those who may see arguments."),
});

export const runRoutes = {
  startRun: {
    method: "POST",
    path: "/v1/runs",
    summary: "Starts an agent, which acts for the holder of the key.",
    access: starters,
    headers: z.object({
      "idempotency-key": z
        .string()
        .regex(/^[\x21-\x7e]{1,255}$/, "takes 1 to 255 visible ASCII characters")
        .optional()
        .describe("The caller's name for this run: however often it is sent, one run is made."),
      traceparent: z
        .string()
        .optional()
        .describe("The span that asks for it: the run's spans become a part of its trace."),
    }),
    consumes: json,
    bodyBytes: 2_097_152,
    answers: {
      200: {
        description: "The key was used before: the run that it stands for.",
        schema: schemas.Run,
      },
      201: { description: "It is made.", schema: schemas.Run },
    },
    faults: ["key_reused"],
  },
  listRuns: {
    method: "GET",
    path: "/v1/runs",
    summary: "Runs; to a caller those that it started.",
    access: readers,
    query: z.object({
      state: z.enum(states).optional(),
      ...counted,
      begins: z
        .string()
        .regex(/^[0-9a-f-]{1,36}$/, "takes the beginning of an id")
        .optional()
        .describe("Those whose id begins like this."),
      before: z.string().max(64).optional().describe("Those made before this one."),
      limit: z.coerce.number().int().min(1).max(200).prefault(50),
    }),
    answers: { 200: { description: "A page, the newest first.", schema: schemas.Runs } },
  },
  // Before the route of one run, whose path fits this one, too.
  countRuns: {
    method: "GET",
    path: "/v1/runs/counts",
    summary: "How many runs are in each state, up to a bound.",
    access: readers,
    query: z.object(counted),
    answers: { 200: { description: "By state.", schema: schemas.RunCounts } },
  },
  getRun: {
    method: "GET",
    path: "/v1/runs/{id}",
    summary: "A run: its state, what it spent, what it waits for, its calls.",
    access: readers,
    params: id,
    answers: { 200: { description: "It.", schema: schemas.Run } },
  },
  listRunEvents: {
    method: "GET",
    path: "/v1/runs/{id}/events",
    summary:
      "Events in order. With `Accept: text/event-stream` as a stream that `Last-Event-ID` resumes.",
    access: readers,
    params: id,
    query: runEventsQuery,
    answers: { 200: { description: "A page.", schema: schemas.RunEvents } },
  },
  getRunContent: {
    method: "GET",
    path: "/v1/runs/{id}/contents/{digest}",
    summary: "A text that an event names: what was said, and what a tool answered.",
    access: contentReaders,
    params: id.extend({ digest: z.string().max(128) }),
    answers: { 200: { description: "The text.", schema: schemas.RunContent } },
  },
  getRunContext: {
    method: "GET",
    path: "/v1/runs/{id}/context",
    summary: "What the model was shown at a step, and what of its window that took.",
    access: readers,
    params: id,
    query: z.object({
      step: z.coerce
        .number()
        .int()
        .min(0)
        .max(Number.MAX_SAFE_INTEGER)
        .optional()
        .describe("Absent: when the model was asked last."),
    }),
    answers: { 200: { description: "Its snapshot.", schema: schemas.RunContext } },
  },
  getRunTrace: {
    method: "GET",
    path: "/v1/runs/{id}/trace",
    summary: "Spans of a run and of its sub-agents, without any text.",
    access: readers,
    params: id,
    answers: { 200: { description: "Those that have not ended, too.", schema: schemas.RunTrace } },
  },
  getRunExplanation: {
    method: "GET",
    path: "/v1/runs/{id}/explain",
    summary:
      "A run from the outside in: who asked, how it queued, how it is, what it did, what left.",
    access: readers,
    params: id,
    answers: { 200: { description: "Layer by layer.", schema: explainSchemas.RunExplanation } },
  },
  cancelRun: word("cancel", "Ends a run. What is under way is not taken back."),
  pauseRun: word("pause", "Lets a run rest until it is resumed."),
  compensateRun: word("compensate", "Takes back the effects of a run, as its agent declares it."),
  resumeRun: {
    ...word(
      "resume",
      "Lets a run go on: a paused one, a stopped one, a partial one for what is open.",
    ),
    consumes: json,
    bodyBytes: smallBody,
    answers: { 202: { description: inInbox, schema: schemas.RunResumed } },
  },
  signalRun: {
    ...word("signal", "Tells a run something that it waits for."),
    consumes: json,
    bodyBytes: 524_288,
  },
  forkRun: {
    method: "POST",
    path: "/v1/runs/{id}/fork",
    summary: "A new run with the history of one's own run up to a step.",
    access: starters,
    params: id,
    consumes: json,
    bodyBytes: smallBody,
    answers: { 201: { description: "It is made.", schema: schemas.RunForked } },
  },
} as const satisfies Contract;
