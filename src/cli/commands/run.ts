import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { followRun } from "../follow-run.ts";
import { toLimits, type LimitFlags } from "../run-limits.ts";

export interface RunFlags extends LimitFlags {
  readonly json: boolean;
  readonly url?: string;
  readonly follow: boolean;
  readonly wait: boolean;
  readonly key?: string;
}

export const runAgent: Run<RunFlags, [string, string]> = async (
  tools,
  flags,
  ...[agent, input]
) => {
  const { parts, voice } = tools;
  const { key } = flags;
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Fault("usage_invalid", "--key takes 1 to 255 visible ASCII characters.");
  const body = JSON.stringify({ agent, input, ...toLimits(flags) });
  const { client, readStream } = await parts.connect(flags.url);
  const started = await client.startRun({
    body,
    ...(key !== undefined && { idempotencyKey: key }),
  });
  const { id } = started.body;
  if (started.status === 200) voice.note("The key was used before: this is the run it stands for.");
  if (!flags.follow) {
    voice.answer(started.body, id);
    return exitCodes.ok;
  }
  voice.note(`Run ${id}`);
  return followRun(tools, {
    client,
    readStream,
    id,
    after: 0,
    hasContents: false,
    // A script is told that somebody has to look; a person at a terminal sees it.
    staysForPeople: flags.wait || (parts.streams.isInteractive && !voice.json),
  });
};
