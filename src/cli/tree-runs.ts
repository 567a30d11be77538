import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { RunFlags } from "./commands/run.ts";
import type {
  ContextFlags,
  Flags,
  ForkFlags,
  ListFlags,
  LogFlags,
  ResumeFlags,
} from "./commands/runs.ts";
import type { ExportFlags } from "./commands/run-traces.ts";
import type { CliContext } from "./context.ts";
import { json, optionalText, url } from "./flags.ts";

const isSet = (brief: string) =>
  ({ kind: "boolean", brief, default: false, withNegated: false }) as const;

const word = (brief: string, placeholder: string) =>
  ({ brief, placeholder, parse: String }) as const;
const idOfRun = word("Id of the run", "id");
const justId = { kind: "tuple", parameters: [idOfRun] } as const;

const ndjson = { ...json, brief: "Print NDJSON on stdout: an event a line, the run at last" };
const wait = isSet("Go on while it waits for a person, as at a terminal");
const limits = {
  money: optionalText("The most it may spend, such as 2.00", "amount"),
  tokens: optionalText("The most tokens, in and out", "count"),
  calls: optionalText("The most calls of tools", "count"),
  deadline: optionalText("When it stops: 10m from now, or a time in ISO 8601", "time"),
} as const;

export const run = buildCommand<RunFlags, [string, string], CliContext>({
  loader: lazy<RunFlags, [string, string]>(
    async () => (await import("./commands/run.ts")).runAgent,
  ),
  parameters: {
    flags: {
      json: { ...json, brief: "Print the run as JSON on stdout; with --follow NDJSON" },
      url,
      follow: isSet("Show what happens until it is over or cannot go on by itself"),
      wait,
      key: optionalText("Your name for this run: the same again finds it", "key"),
      ...limits,
    },
    positional: {
      kind: "tuple",
      parameters: [word("The agent", "agent"), word("What it is to do", "text")],
    },
    aliases: { f: "follow" },
  },
  docs: {
    brief: "Run an agent",
    fullDescription:
      "Prints the run's id. With --follow it ends with 0 when the run is completed, 1 when it failed or is " +
      "partial, 6 when it waits for a person, 7 at its budget and 8 at its deadline. Ending the command " +
      "does not end the run: `countersign runs cancel` does.",
  },
});

const ls = buildCommand<ListFlags, [], CliContext>({
  loader: lazy<ListFlags>(async () => (await import("./commands/runs.ts")).listRuns),
  parameters: {
    flags: {
      json,
      url,
      state: optionalText("Those in this state", "state"),
      agent: optionalText("Those of this agent", "agent"),
      parent: optionalText("Sub-agents of this run", "id"),
      before: optionalText("Those made before this one", "id"),
      limit: optionalText("How many, at most 200 (50)", "count"),
    },
  },
  docs: { brief: "List runs, the newest first" },
});

const show = buildCommand<Flags, [string], CliContext>({
  loader: lazy<Flags, [string]>(async () => (await import("./commands/runs.ts")).showRun),
  parameters: { flags: { json, url }, positional: justId },
  docs: { brief: "Show a run: its state, what it spent, what it waits for" },
});

const logs = buildCommand<LogFlags, [string], CliContext>({
  loader: lazy<LogFlags, [string]>(async () => (await import("./commands/runs.ts")).showLog),
  parameters: {
    flags: {
      json: ndjson,
      url,
      follow: isSet("Go on with what comes, and end as `run --follow` does"),
      wait,
      contents: isSet("Also the texts: what was said, and what tools answered"),
      after: optionalText("Events after this one", "sequence"),
    },
    positional: justId,
    aliases: { f: "follow" },
  },
  docs: { brief: "Show what happened in a run" },
});

const context = buildCommand<ContextFlags, [string], CliContext>({
  loader: lazy<ContextFlags, [string]>(
    async () => (await import("./commands/runs.ts")).showContext,
  ),
  parameters: {
    flags: { json, url, step: optionalText("At this step; else the last one", "step") },
    positional: justId,
  },
  docs: {
    brief: "Show what the model was shown, and what of its window that took",
    fullDescription:
      "Tokens are estimates; beside them stands what the backend counted. A + marks what did not stand " +
      "in the snapshot before.",
  },
});

const trace = buildCommand<Flags, [string], CliContext>({
  loader: lazy<Flags, [string]>(async () => (await import("./commands/run-traces.ts")).showTrace),
  parameters: { flags: { json, url }, positional: justId },
  docs: { brief: "Show when what was done in a run, as a waterfall" },
});

const explain = buildCommand<Flags, [string], CliContext>({
  loader: lazy<Flags, [string]>(async () => (await import("./commands/run-traces.ts")).explainRun),
  parameters: { flags: { json, url }, positional: justId },
  docs: {
    brief: "Explain a run from the outside in: where it stands, and what failed",
    fullDescription:
      "Five layers: who asked, how it was admitted, its state, what it did, and what left. Each has its " +
      "time and the class of what failed there; what nobody has written down is said to be missing.",
  },
});

const exported = buildCommand<ExportFlags, [string], CliContext>({
  loader: lazy<ExportFlags, [string]>(
    async () => (await import("./commands/run-traces.ts")).exportRun,
  ),
  parameters: {
    flags: { json, url, contents: isSet("Also the texts: what was said, and what tools answered") },
    positional: justId,
  },
  docs: {
    brief: "Print a run as one JSON file: state, spans, events and, if asked for, texts",
    fullDescription:
      "All of it stands in the file, so that it can be looked at without the server, at /open of any " +
      "console: countersign runs export ID > run.json",
  },
});

const cancel = buildCommand<Flags, [string], CliContext>({
  loader: lazy<Flags, [string]>(async () => (await import("./commands/runs.ts")).cancelRun),
  parameters: { flags: { json, url }, positional: justId },
  docs: { brief: "End a run; what is under way is not taken back" },
});

const pause = buildCommand<Flags, [string], CliContext>({
  loader: lazy<Flags, [string]>(async () => (await import("./commands/runs.ts")).pauseRun),
  parameters: { flags: { json, url }, positional: justId },
  docs: { brief: "Let a run rest" },
});

const compensate = buildCommand<Flags, [string], CliContext>({
  loader: lazy<Flags, [string]>(async () => (await import("./commands/runs.ts")).compensateRun),
  parameters: { flags: { json, url }, positional: justId },
  docs: { brief: "Take back what a run did, as its agent declares it" },
});

const resume = buildCommand<ResumeFlags, [string], CliContext>({
  loader: lazy<ResumeFlags, [string]>(async () => (await import("./commands/runs.ts")).resumeRun),
  parameters: {
    flags: {
      json,
      url,
      ...limits,
      maxSteps: optionalText("The most answers of the model", "count"),
    },
    positional: justId,
  },
  docs: { brief: "Let a run go on, if need be with more than it had" },
});

const signal = buildCommand<Flags, [string, string, string?], CliContext>({
  loader: lazy<Flags, [string, string, string?]>(
    async () => (await import("./commands/runs.ts")).signalRun,
  ),
  parameters: {
    flags: { json, url },
    positional: {
      kind: "tuple",
      parameters: [
        idOfRun,
        word("Name of the signal", "name"),
        { ...word("What it says", "text"), optional: true },
      ],
    },
  },
  docs: { brief: "Tell a run something that it waits for" },
});

const fork = buildCommand<ForkFlags, [string], CliContext>({
  loader: lazy<ForkFlags, [string]>(async () => (await import("./commands/runs.ts")).forkRun),
  parameters: {
    flags: {
      json,
      url,
      step: { ...word("The last step that the new run knows of", "step"), kind: "parsed" },
    },
    positional: justId,
  },
  docs: { brief: "Start a run that knows what yours knew at a step; prints its id" },
});

export const runs = buildRouteMap({
  routes: {
    ls,
    show,
    logs,
    context,
    trace,
    explain,
    export: exported,
    cancel,
    pause,
    resume,
    fork,
    signal,
    compensate,
  },
  docs: { brief: "Runs of agents" },
});
