import { toPlainInert } from "../../lib/inert-text.ts";
import { Fault } from "../../model/fault.ts";
import { askOnce, canAskOnce } from "../ask-once.ts";
import type { Run } from "../command.ts";
import type { SetupEnd } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";

export interface SetupFlags {
  readonly json: boolean;
  readonly yes: boolean;
}

export const setUpSandbox: Run<SetupFlags, [string]> = async ({ parts, voice }, { yes }, name) => {
  const setup = await parts.openSandboxSetup(name);
  for (const line of setup.lines) voice.note(line);
  if (!yes && !canAskOnce(parts, voice))
    throw new Fault("usage_invalid", "Nobody is there to be asked whether to do that: say --yes.");
  if (!yes && !(await askOnce("Do that?"))) {
    voice.note("Nothing was done.");
    return exitCodes.interrupted;
  }
  const end = await setup.carryOut((line) => voice.note(voice.paint.dim(toPlainInert(line))));
  voice.answer({ driver: name, ...end }, toText(name, end));
  return end.kind === "ready" ? exitCodes.ok : exitCodes.failed;
};

function toText(name: string, end: SetupEnd): string {
  const made = end.made.map((line) => `  ${toPlainInert(line)}`);
  if (end.kind === "ready")
    return [
      `${name} is usable: tier ${end.tier}`,
      ...made,
      ...end.evidence.map((line) => `  ${toPlainInert(line)}`),
      "A server that runs finds it when it starts again.",
    ].join("\n");
  const head =
    made.length === 0 ? `${name}: nothing was set up` : `${name}: set up, and not usable`;
  const fix = end.fix === null ? [] : [`  ${toPlainInert(end.fix)}`];
  return [head, ...made, `  ${toPlainInert(end.reason)}`, ...fix].join("\n");
}
