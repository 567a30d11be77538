import type { Calls } from "../../client/client.ts";
import { toPlainInert } from "../../lib/inert-text.ts";
import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

export interface ResolveFlags extends Flags {
  readonly done: boolean;
  readonly notDone: boolean;
  readonly retry: boolean;
  readonly evidence: string;
}

type UnknownCall = Calls["calls"][number];

export const listUnknown: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const calls: UnknownCall[] = [];
  for (let after: string | undefined; ;) {
    const { body } = await client.listCalls(after === undefined ? {} : { after });
    calls.push(...body.calls);
    if (body.next === null) break;
    after = body.next;
  }
  voice.answer(
    { calls },
    calls.length === 0
      ? "Of every call it is known how it ended."
      : `${renderTable(calls.map(toRow))}\nLook at the server, then say what you found: countersign calls resolve ID --done --evidence "…"`,
  );
  return exitCodes.ok;
};

export const resolveCall: Run<ResolveFlags, [string]> = async ({ parts, voice }, flags, id) => {
  const outcome = toOutcome(flags);
  const { client } = await parts.connect(flags.url);
  const body = JSON.stringify({ outcome, evidence: flags.evidence });
  const resolved = (await client.resolveCall({ id, body })).body;
  voice.answer(resolved, `Call ${id}: ${said[outcome]}. The ledger has it as a further entry.`);
  return exitCodes.ok;
};

const said = {
  done: "it was carried out",
  not_done: "it was not carried out",
  retry: "it may be sent again",
} as const;

function toOutcome({ done, notDone, retry }: ResolveFlags): keyof typeof said {
  if ([done, notDone, retry].filter(Boolean).length !== 1)
    throw new Fault("usage_invalid", "Say one of --done, --not-done and --retry.");
  if (retry) return "retry";
  return done ? "done" : "not_done";
}

function toRow({ id, server, tool, subject, at, notAfter }: UnknownCall): readonly string[] {
  const what = tool === null ? server : `${server} ${tool}`;
  return [id, toPlainInert(what), toPlainInert(subject), `at ${at}`, `not sent after ${notAfter}`];
}
