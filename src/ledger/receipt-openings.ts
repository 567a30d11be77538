import { parseStrictJson } from "../lib/strict-json.ts";

import {
  fromEntryBytes,
  intentOpeningSchema,
  toCanonicalText,
  toDigest,
  toSubjectKey,
  type Entry,
  type Receipt,
} from "../model/index.ts";
import type { Openings } from "../ports/openings.ts";
import type { CallEntries } from "./call-entries.ts";

interface Opened extends CallEntries {
  /** Who asks, where that is a caller: it sees what it asked for itself, and not who agreed. */
  readonly subject: string | null;
}

type ReceiptOpening = Receipt["openings"][number];

/** What is still kept of what the entries have digests of. What was erased is left out. */
export async function readOpenings(
  openings: Openings,
  { call, verdicts, entries, subject }: Opened,
): Promise<readonly ReceiptOpening[]> {
  const read = entries.map(({ bytes }) => fromEntryBytes(bytes));
  const people = subject === null ? verdicts.flatMap((verdict) => toPerson(verdict, read)) : [];
  if (call === null) return people;
  const { tenant, id } = call;
  const open = (what: string, sealed: Uint8Array | null) =>
    sealed === null ? null : openings.open({ tenant, what: `${what}:${id}` }, sealed);
  const [made, result] = await Promise.all([
    open("call", call.opening),
    open("result", call.result),
  ]);
  // The row alone says whose it is to whoever can write to it: what was sealed says it to nobody else.
  if (subject !== null && toSubject(made) !== subject) return [];
  return [...toIntent(made, call.intent), ...toResult(result, read), ...people];
}

function toSubject(made: unknown): string | null {
  const read = intentOpeningSchema.safeParse(made);
  return read.success ? toSubjectKey(read.data.intent.principal) : null;
}

function toIntent(made: unknown, digest: string): readonly ReceiptOpening[] {
  const read = intentOpeningSchema.safeParse(made);
  if (!read.success) return [];
  const { intent, salt, args } = read.data;
  const shown = {
    of: "intent",
    commitment: toDigest(toCanonicalText(intent)),
    value: intent,
  } as const;
  if (shown.commitment !== digest) return [];
  const parsed = args === null ? null : parseStrictJson(args);
  if (parsed?.kind !== "parsed") return [shown];
  return [shown, { of: "args", commitment: intent.args, salt, value: parsed.value }];
}

function toResult(result: unknown, entries: readonly Entry[]): readonly ReceiptOpening[] {
  const outcome = entries.find((entry) => entry.kind === "outcome");
  const commitment = outcome?.result?.commitment;
  if (commitment === undefined || typeof result !== "object" || result === null) return [];
  const { text, salt } = result as { readonly text?: unknown; readonly salt?: unknown };
  if (typeof text !== "string" || typeof salt !== "string") return [];
  // What a later resolution put there is another one.
  if (toDigest(`${salt}\n${text}`) !== commitment) return [];
  return [{ of: "result", commitment, salt, value: text }];
}

function toPerson(
  { entry: id, approver, credential, reason, salt }: CallEntries["verdicts"][number],
  entries: readonly Entry[],
): readonly ReceiptOpening[] {
  const entry = entries.find((each) => each.id === id);
  if (salt === null || entry?.kind !== "verdict" || entry.on !== "approval") return [];
  return [{ of: "verdict", commitment: entry.by, salt, value: { approver, credential, reason } }];
}
