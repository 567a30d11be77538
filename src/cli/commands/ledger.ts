import type { Client, LedgerState } from "../../client/client.ts";
import { splitNotes } from "../../ledger/ledger-keys.ts";
import { reveal } from "../../ledger/receipt-json.ts";
import { verifyLog, type LogReport, type LogSource } from "../../ledger/verify-log.ts";
import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import type { CliParts } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { readKeys } from "../read-keys.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}
export interface VerifyLedgerFlags extends Flags {
  readonly against?: readonly string[];
  readonly key?: readonly string[];
}
export interface ReopenFlags extends Flags {
  readonly reason: string;
  readonly force: boolean;
}

const leavesPerTile = 256;
const leavesAtOnce = 4_096;

export const verifyLedger: Run<VerifyLedgerFlags> = async ({ parts, voice }, flags) => {
  const { against = [], key = [] } = flags;
  const given = await readNotes(parts, against);
  const { client } = await parts.connect(flags.url);
  const { body: state } = await client.getLedgerCheckpoint();
  const keys = key.length === 0 ? state.keys : await readKeys(parts.files, key);
  const own = state.epochs.flatMap(({ checkpoint }) => checkpoint ?? []);
  const report = await verifyLog(createSource(client, state), { notes: [...given, ...own], keys });
  const verified = report.verified && state.state !== "forked";
  voice.answer(
    { ...report, verified, state: state.state, reason: state.reason },
    [
      ...renderReport(report, state).map(reveal),
      ...renderTrust({ isAgainst: given.length > 0, hasKeys: key.length > 0 }),
    ].join("\n"),
  );
  return verified ? exitCodes.ok : exitCodes.unverified;
};

function createSource(client: Client, { epochs }: LedgerState): LogSource {
  return {
    epochs,
    async read(epoch, fromTile) {
      const from = fromTile * leavesPerTile;
      const { body } = await client.readLedgerEntries({ from, limit: leavesAtOnce, epoch });
      return body.tiles.map(({ index, hashes, entries }) => ({
        index,
        hashes: Buffer.from(hashes, "base64"),
        entries: entries.map(({ id, bytes }) => ({ id, bytes: Buffer.from(bytes, "base64") })),
      }));
    },
  };
}

async function readNotes(
  { files }: CliParts,
  names: readonly string[],
): Promise<readonly string[]> {
  const texts = await Promise.all(
    names.map(async (file) => {
      const text = await files.read(file);
      const notes = text === null ? [] : splitNotes(text);
      if (notes.length > 0) return notes;
      const why = text === null ? "is not there" : "holds no checkpoint";
      throw new Fault("usage_invalid", `${file} ${why}.`, { details: { file } });
    }),
  );
  return texts.flat();
}

const shownFindings = 50;

function renderReport(report: LogReport, state: LedgerState): readonly string[] {
  const { entries, checkpoints, findings, restores } = report;
  const good = checkpoints.filter(({ holds }) => holds);
  const forked =
    state.state === "forked" ? [`The server signs nothing more: ${state.reason}.`] : [];
  const rest = findings.length - shownFindings;
  return [
    `${entries} entries read; ${good.length} of ${checkpoints.length} checkpoints hold.`,
    ...restores.map((each) => `${each}.`),
    ...forked,
    ...findings.slice(0, shownFindings).map(({ origin, text }) => `${origin}: ${text}`),
    ...(rest > 0 ? [`And ${rest} more.`] : []),
    report.verified && forked.length === 0
      ? "The log is what was signed."
      : "The log is not what was signed.",
  ];
}

function renderTrust(given: { isAgainst: boolean; hasKeys: boolean }): readonly string[] {
  const against = "No checkpoint was given: what the server cut away before cannot be seen.";
  const key = "No key was given: whose signatures count was the server's own word.";
  return [...(given.isAgainst ? [] : [against]), ...(given.hasKeys ? [] : [key])];
}

export const printKeys: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { keys } = (await client.getLedgerCheckpoint()).body;
  voice.answer({ keys }, keys.join("\n"));
  return exitCodes.ok;
};

export const printCheckpoint: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body: state } = await client.getLedgerCheckpoint();
  const { waiting, reason } = state;
  voice.note(reveal(`The ledger is ${state.state}${reason === null ? "" : `: ${reason}`}.`));
  if (waiting > 0) voice.note(`${waiting} entries wait to be taken in.`);
  voice.answer(state, (state.checkpoint ?? "Nothing was signed yet.").trimEnd());
  return state.state === "forked" ? exitCodes.unverified : exitCodes.ok;
};

export const reopenLedger: Run<ReopenFlags> = async ({ parts, voice }, { reason, force, url }) => {
  const { client } = await parts.connect(url);
  const { body } = await client.reopenLedger({ body: JSON.stringify({ reason, force }) });
  voice.answer(body, `${body.origin} begins. Its first entry says ${body.gap}.`);
  return exitCodes.ok;
};
