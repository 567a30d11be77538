import {
  createNoteSigner,
  signNote,
  toCheckpointBody,
  toVerifierKey,
} from "../../src/ledger/checkpoint.ts";
import { toLeaf } from "../../src/ledger/tree.ts";
import { toEntryBytes } from "../../src/model/index.ts";
import { naivePath, naiveProof, naiveRoot } from "../ledger/naive-tree.ts";
import { told } from "./ledger-calls.ts";
import { name } from "./ledger-entries.ts";

const origin = `${name}/default/1`;
const signer = createNoteSigner({ name, seed: new Uint8Array(32).fill(7) });

/** A small log with everything that its pages show, signed as the product signs: what the mock answers from. */
export function renderLedgerBook(): object {
  const calls = told;
  const entries = calls.flatMap((call) => call.entries);
  const bytes = entries.map((entry) => Buffer.from(toEntryBytes(entry)));
  const leaves = bytes.map(toLeaf);
  const signAt = (size: number): string =>
    signNote(toCheckpointBody({ origin, size, root: naiveRoot(leaves.slice(0, size)) }), [signer]);
  const hex = (hashes: readonly Uint8Array[]) =>
    hashes.map((hash) => Buffer.from(hash).toString("hex"));
  const checkpoint = signAt(leaves.length);
  const receipts = calls.map((call) => ({
    v: 1,
    checkpoint,
    openings: call.openings,
    entries: call.entries.map((entry) => {
      const index = entries.indexOf(entry);
      return {
        bytes: bytes[index]!.toString("base64"),
        index,
        path: hex(naivePath(index, leaves)),
      };
    }),
  }));
  const listed = entries.map((entry, index) => ({
    id: entry.id,
    kind: entry.kind,
    server: "server" in entry ? entry.server : null,
    tool: "tool" in entry ? entry.tool : null,
    outcome: "outcome" in entry ? entry.outcome : "word" in entry ? entry.word : null,
    at: new Date(entry.atMs).toISOString(),
    index,
    receipt: calls.findIndex((call) => call.entries.includes(entry)),
  }));
  const kept = 8;
  return {
    origin,
    checkpoint,
    key: toVerifierKey(signer),
    kept: signAt(kept),
    proof: {
      from: kept,
      to: leaves.length,
      hashes: hex(naiveProof(kept, leaves)),
    },
    listed: listed.toReversed(),
    receipts,
  };
}
