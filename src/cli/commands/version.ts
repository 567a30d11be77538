import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

export const version: Run<{ json: boolean }> = async ({ parts, voice }) => {
  voice.answer({ version: parts.version, node: parts.node }, `countersign ${parts.version}`);
  return exitCodes.ok;
};
