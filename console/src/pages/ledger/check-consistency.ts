import type { LedgerConsistency, LedgerState } from "../../../../src/client/client.ts";
import { Refusal, fromHex, openCheckpoint } from "../../../../src/ledger/signed-head.ts";
import { verifyConsistency } from "../../../../src/ledger/verify-consistency.ts";

export interface ConsistencyAsked {
  /** A checkpoint as it was kept, with its signatures. */
  readonly pasted: string;
  readonly keys: readonly string[];
  readonly state: Pick<LedgerState, "epochs">;
  readonly prove: (range: {
    readonly from: number;
    readonly to: number;
    readonly epoch: number;
  }) => Promise<LedgerConsistency>;
}

export type ConsistencyFound =
  | { readonly kind: "grown" | "same"; readonly from: number; readonly to: number }
  | { readonly kind: "broken"; readonly why: string }
  | { readonly kind: "unreadable"; readonly why: string };

/** Whether the log of now still begins with the log that a kept checkpoint was signed over. */
export async function checkConsistency(asked: ConsistencyAsked): Promise<ConsistencyFound> {
  try {
    return await compare(asked);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: "unreadable", why: `${error.place}: ${error.message}` };
  }
}

async function compare({ pasted, keys, state, prove }: ConsistencyAsked) {
  const { checkpoint: kept } = await openCheckpoint(toNote(pasted), keys);
  const log = state.epochs.find(({ origin }) => origin === kept.origin);
  if (log === undefined || log.checkpoint === null)
    return broken(`This server has no signed log of the origin ${kept.origin}.`);
  const { checkpoint: now } = await openCheckpoint(log.checkpoint, keys);
  if (now.origin !== kept.origin) return broken(`The server shows a checkpoint of ${now.origin}.`);
  const [from, to] = [kept.size, now.size];
  if (from > to)
    return broken(`It had ${from} entries when that was signed, and has ${to} now: some are gone.`);
  if (from === to)
    return kept.root === now.root
      ? ({ kind: "same", from, to } as const)
      : broken(`Both have ${to} entries, and other ones: somebody was shown another log.`);
  const { proof } = await prove({ from, to, epoch: log.epoch });
  const holds = await verifyConsistency({
    from,
    to,
    fromRoot: fromHex(kept.root, "the kept root"),
    toRoot: fromHex(now.root, "the root of now"),
    proof: proof.map((hash) => fromHex(hash, "the proof")),
  });
  if (holds) return { kind: "grown", from, to } as const;
  return broken(`The first ${from} entries are not those that were signed: they were rewritten.`);
}

const broken = (why: string): ConsistencyFound => ({ kind: "broken", why });

/** As a person pastes it: with line ends of any kind, and what stands around it. */
function toNote(pasted: string): string {
  return `${pasted.replaceAll("\r\n", "\n").trim()}\n`;
}
