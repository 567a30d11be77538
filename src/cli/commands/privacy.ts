import { toPlainInert } from "../../lib/inert-text.ts";
import { Fault } from "../../model/fault.ts";
import { askOnce, canAskOnce } from "../ask-once.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { count } from "../render-changes.ts";

export interface EraseFlags {
  readonly json: boolean;
  readonly url?: string;
  readonly subject: string;
  readonly tenant?: string;
  readonly yes: boolean;
}

/** One that ends in y. */
function countMemories(memories: number): string {
  return memories === 1 ? "1 memory" : `${memories} memories`;
}

export const erasePersonal: Run<EraseFlags> = async ({ parts, voice }, flags) => {
  const { subject, tenant, url, yes } = flags;
  const who = toPlainInert(subject);
  if (!yes && !canAskOnce(parts, voice))
    throw new Fault("usage_invalid", "Nothing brings back what is erased: say --yes.");
  if (!yes && !(await askOnce(`Erase for good what is kept of ${who}?`))) {
    voice.note("Nothing was erased.");
    return exitCodes.interrupted;
  }
  const { client } = await parts.connect(url);
  const { body } = await client.erasePersonal({ body: JSON.stringify({ subject, tenant }) });
  const { approvals, calls, verdicts, workspaces, memories, runs, runsLeft } = body;
  const left =
    runsLeft === 0
      ? ""
      : ` ${count(runsLeft, "run")} had not ended: cancelled now, so erase again.`;
  voice.answer(
    body,
    `Of ${who} are erased: ${count(approvals, "approval")}, ${count(calls, "call")}, ${count(verdicts, "decision")}, ${count(runs, "run")}, ${count(workspaces, "workspace")}, ${countMemories(memories)}. The digests stay, and so do the proofs.${left}`,
  );
  return exitCodes.ok;
};
