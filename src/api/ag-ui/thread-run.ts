import type { KeyHolder } from "../../authority/keyring.ts";
import { Fault, type RunId } from "../../model/index.ts";
import type { RunState } from "../../model/run-states.ts";
import type { RunAnswersOptions } from "../run-answers.ts";
import { readRun } from "../run-rights.ts";
import { mayStart, startRun } from "../start-run.ts";
import { principalOf } from "../tenant-of.ts";
import type { AgUiInput } from "./read-input.ts";
import { toRunInput } from "./to-run-input.ts";

export interface Asked {
  readonly agent: string;
  readonly input: AgUiInput;
  readonly holder: KeyHolder | null;
}

const busy: ReadonlySet<RunState> = new Set(["queued", "running", "waiting"]);

/**
 * The run of the thread's last message of the user, which is started if it is not there. A message has one
 * run, however often it is sent, so whoever sends it again follows on and does nothing twice. Null: there is
 * none for whoever only answers what another one is asked.
 */
export async function findThreadRun(
  options: RunAnswersOptions,
  asked: Asked,
): Promise<RunId | null> {
  const { input, holder } = asked;
  const { message, resume } = input;
  const answers = resume.some(({ status }) => status === "resolved");
  if (!mayStart(holder)) {
    if (answers) return null;
    throw new Fault("forbidden", "This key starts no runs. It can answer an interrupt.");
  }
  const known = message === null ? null : await findBy(options, asked, message.id);
  if (known !== null) return known;
  if (answers) return null;
  if (resume.length > 0 || message?.isLast === false)
    throw new Fault("not_found", "There is no run of this thread's last message of the user.");
  return start(options, asked);
}

async function findBy(
  { runs }: RunAnswersOptions,
  asked: Asked,
  message: string,
): Promise<RunId | null> {
  const id = await runs.byKey(principalOf(asked.holder), toKey(asked, message));
  // It is the holder's own, or its name would not have been found.
  return id === null ? null : (await readRun(runs, { id, holder: asked.holder, reach: "own" })).run;
}

/** No name that a client of the REST API can choose: such a one is on one line. */
function toKey({ agent, input: { threadId } }: Asked, message: string): string {
  return `ag-ui\n${JSON.stringify([agent, threadId, message])}`;
}

async function start(options: RunAnswersOptions, asked: Asked): Promise<RunId> {
  const { agent, input, holder } = asked;
  const text = toRunInput(input);
  const { messageBefore, message } = input;
  const before = messageBefore === null ? null : await findBy(options, asked, messageBefore);
  if (before !== null) await refuseWhileBusy(options, asked, before);
  const key = toKey(asked, message!.id);
  const asking = { agent, input: text, caps: null, deadlineMs: null, key };
  try {
    return (await startRun(options, holder, asking)).report.run;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "key_reused") throw error;
    // Another window was first, and showed its user something else around the same message.
    const other = await findBy(options, asked, message!.id);
    if (other === null) throw error;
    return other;
  }
}

/** A message that came in between would be heard by nobody. */
async function refuseWhileBusy(
  { runs }: RunAnswersOptions,
  { holder }: Asked,
  id: RunId,
): Promise<void> {
  const { state } = await readRun(runs, { id, holder, reach: "own" });
  if (!busy.has(state)) return;
  throw new Fault(
    "key_in_use",
    `The thread's run ${id} is ${state}. Send its message again to follow it, or cancel it.`,
    { details: { run: id, state } },
  );
}
