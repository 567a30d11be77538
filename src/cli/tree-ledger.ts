import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { ReopenFlags, VerifyLedgerFlags } from "./commands/ledger.ts";
import type { ListFlags, ShowFlags, VerifyFlags } from "./commands/receipts.ts";
import type { CliContext } from "./context.ts";
import { json, optionalText, url } from "./flags.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

const several = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: String, brief, placeholder, variadic: true, optional: true }) as const;

const keys = several("A verifier key, or a file of them; several times for several", "key");

const idOfCall = {
  kind: "tuple",
  parameters: [{ brief: "Id of any entry of the call", placeholder: "id", parse: String }],
} as const;

const ls = buildCommand<ListFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/receipts.ts")).listReceipts),
  parameters: {
    flags: {
      json,
      url,
      limit: optionalText("How many, at most 500 (50)", "count"),
      after: optionalText("Those before this one", "id"),
    },
  },
  docs: { brief: "List entries of the ledger, the latest first" },
});

const show = buildCommand<ShowFlags, [string], CliContext>({
  loader: lazy<ShowFlags, [string]>(
    async () => (await import("./commands/receipts.ts")).showReceipt,
  ),
  parameters: {
    flags: { json, url, save: optionalText("Write the receipt to this file", "path") },
    positional: idOfCall,
  },
  docs: { brief: "Show the receipt of a call; with --json exactly what a receipt file holds" },
});

const verify = buildCommand<VerifyFlags, [string], CliContext>({
  loader: lazy<VerifyFlags, [string]>(
    async () => (await import("./commands/receipts.ts")).verifyReceiptFile,
  ),
  parameters: {
    flags: {
      json,
      key: keys,
      passkeys: optionalText("A file of passkeys' fingerprints, one a line", "path"),
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The receipt file", placeholder: "file", parse: String }],
    },
  },
  docs: {
    brief: "Verify a receipt file, without a server; 10 when it does not verify",
    fullDescription:
      "countersign receipts verify receipt.json --key keys.txt\n" +
      "Get the keys from somewhere else than the receipt: countersign ledger key",
  },
});

const verifier = buildCommand<{ readonly json: boolean }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/receipts.ts")).printVerifier),
  parameters: { flags: { json } },
  docs: { brief: "Print the verifier as one page for a browser, which needs no network" },
});

export const receipts = buildRouteMap({
  routes: { ls, show, verify, verifier },
  docs: { brief: "What was recorded of calls, and its proof" },
});

const verifyLedger = buildCommand<VerifyLedgerFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/ledger.ts")).verifyLedger),
  parameters: {
    flags: {
      json,
      url,
      against: several("A file of checkpoints that were kept elsewhere", "path"),
      key: keys,
    },
  },
  docs: {
    brief: "Read the whole log and compare it with what was signed; 10 when it was altered",
    fullDescription:
      "countersign ledger verify --against default.history --key keys.txt\n" +
      "Without --against and --key it takes the server's word for what was signed, and by whom.",
  },
});

const key = buildCommand<Flags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/ledger.ts")).printKeys),
  parameters: { flags: { json, url } },
  docs: { brief: "Print the keys that receipts and checkpoints are verified with" },
});

const checkpoint = buildCommand<Flags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/ledger.ts")).printCheckpoint),
  parameters: { flags: { json, url } },
  docs: { brief: "Print the latest checkpoint, and how the ledger is" },
});

const reopen = buildCommand<ReopenFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/ledger.ts")).reopenLedger),
  parameters: {
    flags: {
      json,
      url,
      reason: { kind: "parsed", parse: String, brief: "Why", placeholder: "text" },
      force: {
        kind: "boolean",
        brief: "Although the log goes on from what was signed",
        default: false,
        withNegated: false,
      },
    },
  },
  docs: { brief: "Begin a new epoch of the log, after a restore from a backup" },
});

export const ledger = buildRouteMap({
  routes: { verify: verifyLedger, key, checkpoint, reopen },
  docs: { brief: "The log behind the receipts: verify it, its keys, its checkpoints" },
});
