import type { Receipt, Receipts } from "../../client/client.ts";
import { verifyReceipt, type ReceiptReport } from "../../ledger/verify-receipt.ts";
import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { readKeys, readLines } from "../read-keys.ts";
import { readText } from "../read-text.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}
export interface ListFlags extends Flags {
  readonly limit?: string;
  readonly after?: string;
}
export interface ShowFlags extends Flags {
  readonly save?: string;
}
export interface VerifyFlags {
  readonly json: boolean;
  readonly key?: readonly string[];
  readonly passkeys?: string;
}

export const listReceipts: Run<ListFlags> = async ({ parts, voice }, { limit, after, url }) => {
  const { client } = await parts.connect(url);
  const count = limit === undefined ? 50 : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > 500) {
    throw new Fault("usage_invalid", "--limit takes a whole number from 1 to 500.");
  }
  const { body } = await client.listReceipts({
    limit: count,
    ...(after === undefined ? {} : { after }),
  });
  const rows = body.receipts.map(toRow);
  const more = body.next === null ? "" : `\n\nMore: countersign receipts ls --after ${body.next}`;
  voice.answer(body, rows.length === 0 ? "Nothing was recorded yet." : renderTable(rows) + more);
  return exitCodes.ok;
};

function toRow({ id, kind, server, tool, outcome, at, index }: Receipts["receipts"][number]) {
  const target = server === null ? (tool ?? "") : tool === null ? server : `${server}__${tool}`;
  const place = index === null ? "waits" : `#${index}`;
  return [id, at, kind, target, outcome ?? "", place];
}

export const showReceipt: Run<ShowFlags, [string]> = async ({ parts, voice }, flags, id) => {
  const { client } = await parts.connect(flags.url);
  const [{ body: receipt }, { body: state }] = await Promise.all([
    client.getReceipt({ id }),
    client.getLedgerCheckpoint(),
  ]);
  const text = JSON.stringify(receipt);
  if (flags.save !== undefined) {
    await parts.files.write(flags.save, `${text}\n`, { overwrite: true, isSecret: true });
    voice.note(`Written to ${flags.save}.`);
  }
  // Shown by the verifier's words; that the server's own keys verify it says nothing of the server.
  const report = await verifyReceipt(text, { keys: state.keys, passkeys: null });
  voice.answer(receipt, report.verified ? renderShown(receipt, report) : renderReport(report));
  return report.verified ? exitCodes.ok : exitCodes.unverified;
};

function renderShown(receipt: Receipt, { entries, opened }: ReceiptReport): string {
  const [origin = "", size = ""] = receipt.checkpoint.split("\n", 2);
  const places = receipt.entries.map(({ index }) => `#${index}`).join(", ");
  const values = opened.map(({ of, text }) => `${of}: ${text}`);
  const proof = `${places} of ${origin}, signed at size ${size}`;
  return [...entries, ...values, proof].join("\n");
}

export const verifyReceiptFile: Run<VerifyFlags, [string]> = async (
  { parts, voice },
  { key = [], passkeys },
  file,
) => {
  const text = await readText(parts.files, file);
  if (key.length === 0) {
    throw new Fault(
      "usage_invalid",
      "Say whose signature counts: --key KEY or --key FILE. `countersign ledger key` prints them.",
    );
  }
  const keys = await readKeys(parts.files, key);
  const trusted = passkeys === undefined ? null : await readLines(parts.files, passkeys);
  const report = await verifyReceipt(text, { keys, passkeys: trusted });
  voice.answer(report, renderReport(report));
  return report.verified ? exitCodes.ok : exitCodes.unverified;
};

function renderReport(report: ReceiptReport): string {
  if (!report.verified) {
    const problems = report.problems.map(({ place, text }) => `  ${place}: ${text}`);
    return ["The receipt does not verify.", ...problems].join("\n");
  }
  const { entries, opened, proves, doesNotProve } = report;
  const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [
    "The receipt verifies.",
    ...indent(entries),
    ...indent(opened.map(({ of, text }) => `${of}: ${text}`)),
    "It proves:",
    ...indent(proves),
    "It does not prove:",
    ...indent(doesNotProve),
  ].join("\n");
}

export const printVerifier: Run<{ readonly json: boolean }> = async ({ parts, voice }) => {
  const html = await parts.verifierPage();
  voice.answer({ html }, html.trimEnd());
  return exitCodes.ok;
};
