import {
  createNoteSigner,
  openNote,
  parseVerifierKey,
  signNote,
  toCheckpointBody,
  toVerifierKey,
} from "./checkpoint.ts";
import { parseCheckpoint, Refusal } from "./signed-head.ts";

/** The keys of an installation: each of them signs every checkpoint. */
export interface LedgerKeys {
  /** Of the installation, as it stands in origins. */
  readonly installation: string;
  /** What verifies, as it is given away. */
  readonly verifiers: readonly string[];
  sign(head: SignedHead): string;
  /** What is wrong with a note, or what it says. */
  open(note: string): Promise<OpenedNote | { readonly refused: string }>;
}

export interface SignedHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface OpenedNote extends SignedHead {
  readonly epoch: number;
  readonly tenant: string;
}

export async function createLedgerKeys(options: {
  readonly installation: string;
  /** The newest first. */
  readonly seeds: readonly Uint8Array[];
}): Promise<LedgerKeys> {
  const { installation, seeds } = options;
  const signers = seeds.map((seed) => createNoteSigner({ name: installation, seed }));
  const verifiers = signers.map(toVerifierKey);
  const keys = await Promise.all(verifiers.map(parseVerifierKey));
  return {
    installation,
    verifiers,
    sign: (head) => signNote(toCheckpointBody(head), signers),
    async open(note) {
      try {
        const { body } = await openNote(note, keys);
        return readBody(body);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return { refused: `${error.place}: ${error.message}` };
      }
    },
  };
}

/** What a note says, whoever signed it; null where it is none. */
export function readNote(note: string): OpenedNote | null {
  const end = note.lastIndexOf("\n\n");
  try {
    return end < 0 ? null : readBody(note.slice(0, end + 1));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return null;
  }
}

function readBody(body: string): OpenedNote {
  const { origin, tenant, size, root } = parseCheckpoint(body);
  const epoch = Number(origin.slice(origin.lastIndexOf("/") + 1));
  return { origin, tenant, epoch, size, root: Buffer.from(root, "hex") };
}

/** Notes of one text, an empty line after each: a line of signatures that one follows ends a note. */
export function splitNotes(text: string): readonly string[] {
  return text.split(/(?<=\n\u2014 [^\n]*\n)\n/).filter((note) => note.trim() !== "");
}
