import type { Client } from "../../client/client.ts";
import { Fault } from "../../model/fault.ts";
import { runStates, type RunState } from "../../model/run-states.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { followRun } from "../follow-run.ts";
import { renderContext } from "../render-context.ts";
import { createEventLines, renderRun, renderRuns, renderStopped } from "../render-run.ts";
import { parseCount, toLimits, type LimitFlags } from "../run-limits.ts";

export interface Flags {
  readonly json: boolean;
  readonly url?: string;
}
export interface ListFlags extends Flags {
  readonly state?: string;
  readonly agent?: string;
  readonly parent?: string;
  readonly before?: string;
  readonly limit?: string;
}
export interface LogFlags extends Flags {
  readonly follow: boolean;
  readonly wait: boolean;
  readonly contents: boolean;
  readonly after?: string;
}
export interface ResumeFlags extends Flags, LimitFlags {
  readonly maxSteps?: string;
}
export interface ContextFlags extends Flags {
  readonly step?: string;
}
export interface ForkFlags extends Flags {
  readonly step: string;
}

export const listRuns: Run<ListFlags> = async ({ parts, voice }, flags) => {
  const { agent, parent, before, limit } = flags;
  const state = parseState(flags.state);
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listRuns({
    ...(state !== undefined && { state }),
    ...(agent !== undefined && { agent }),
    ...(parent !== undefined && { parent }),
    ...(before !== undefined && { before }),
    ...(limit !== undefined && { limit: parseCount("--limit", limit) }),
  });
  voice.answer(body, body.runs.length === 0 ? "There is no such run." : renderRuns(body.runs));
  if (body.next !== null) voice.note(`There may be more: --before ${body.next}`);
  return exitCodes.ok;
};

function parseState(given: string | undefined): RunState | undefined {
  const known = Object.keys(runStates.moves) as RunState[];
  const state = known.find((each) => each === given);
  if (given === undefined || state !== undefined) return state;
  throw new Fault("usage_invalid", `--state is one of ${known.join(", ")}.`);
}

export const showRun: Run<Flags, [string]> = async ({ parts, voice }, flags, id) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.getRun({ id });
  voice.answer(body, renderRun(body, voice.paint));
  return exitCodes.ok;
};

export const showContext: Run<ContextFlags, [string]> = async ({ parts, voice }, flags, id) => {
  const step = flags.step === undefined ? {} : { step: parseCount("--step", flags.step) };
  const { client } = await parts.connect(flags.url);
  const { body } = await client.getRunContext({ id, ...step });
  voice.answer(body, renderContext(body, voice.paint));
  return exitCodes.ok;
};

export const showLog: Run<LogFlags, [string]> = async (tools, flags, id) => {
  const { parts, voice } = tools;
  const after = flags.after === undefined ? 0 : parseCount("--after", flags.after);
  const { client, readStream } = await parts.connect(flags.url);
  if (flags.follow) {
    const staysForPeople = flags.wait || (parts.streams.isInteractive && !voice.json);
    const hasContents = flags.contents;
    return followRun(tools, { client, readStream, id, after, hasContents, staysForPeople });
  }
  const lines = createEventLines(voice.paint);
  for (let from: number | null = after; from !== null;) {
    const contents = flags.contents ? "true" : "false";
    const { body }: Awaited<ReturnType<Client["listRunEvents"]>> = await client.listRunEvents({
      id,
      after: from,
      contents,
    });
    for (const { seq, event } of body.events) voice.answer({ seq, event }, lines(seq, event));
    from = body.next;
  }
  return exitCodes.ok;
};

type Word = "cancelRun" | "pauseRun" | "compensateRun";
const said: Readonly<Record<Word, string>> = {
  cancelRun: "is told to end",
  pauseRun: "is told to rest",
  compensateRun: "is told to take back what it did",
};

function tellRun(word: Word): Run<Flags, [string]> {
  return async ({ parts, voice }, flags, id) => {
    const { client } = await parts.connect(flags.url);
    const { body } = await client[word]({ id });
    voice.answer(body, `Run ${body.id} ${said[word]}.`);
    return exitCodes.ok;
  };
}

export const cancelRun = tellRun("cancelRun");
export const pauseRun = tellRun("pauseRun");
export const compensateRun = tellRun("compensateRun");

export const resumeRun: Run<ResumeFlags, [string]> = async ({ parts, voice }, flags, id) => {
  const { maxSteps } = flags;
  const steps = maxSteps === undefined ? {} : { maxSteps: parseCount("--max-steps", maxSteps) };
  const { client } = await parts.connect(flags.url);
  const body = JSON.stringify({ ...toLimits(flags), ...steps });
  const { body: told } = await client.resumeRun({ id, body });
  voice.answer(told, `Run ${told.id} is told to go on.`);
  for (const each of told.stopped) voice.note(renderStopped(each));
  return exitCodes.ok;
};

export const signalRun: Run<Flags, [string, string, string?]> = async (
  { parts, voice },
  flags,
  ...[id, name, payload = ""]
) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.signalRun({ id, body: JSON.stringify({ name, payload }) });
  voice.answer(body, `Run ${body.id} is told.`);
  return exitCodes.ok;
};

export const forkRun: Run<ForkFlags, [string]> = async ({ parts, voice }, flags, id) => {
  const body = JSON.stringify({ step: parseCount("--step", flags.step) });
  const { client } = await parts.connect(flags.url);
  const { body: forked } = await client.forkRun({ id, body });
  voice.answer(forked, forked.id);
  return exitCodes.ok;
};
