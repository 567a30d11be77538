import type { Digest, RunId, TenantId } from "../model/index.ts";
import { storeLimits } from "./store-limits.ts";
import type { LetterToRun, Posted, RunBlob, StoredLetter, WakeNow } from "./run-rows.ts";

/** What lies with one run beside its log. Each change gives what takes it back. */
export class InMemoryBelongings {
  letters: readonly StoredLetter[] = [];
  blobs: ReadonlyMap<Digest, Uint8Array> = new Map();

  /** One that is there already is left as it is. */
  keep(blobs: readonly RunBlob[]): () => void {
    if (blobs.length === 0) return () => {};
    const before = this.blobs;
    const copies = blobs.map(({ id, bytes }) => [id, bytes.slice()] as const);
    this.blobs = new Map([...copies.toReversed(), ...before]);
    return () => void (this.blobs = before);
  }

  put(seq: number, { payload, blobs = [] }: LetterToRun): () => void {
    const before = this.letters;
    const forget = this.keep(blobs);
    this.letters = [...before, { seq, payload: payload.slice() }];
    return () => {
      this.letters = before;
      forget();
    };
  }

  fold(folded: number): () => void {
    const before = this.letters;
    this.letters = before.filter(({ seq }) => seq > folded);
    return () => void (this.letters = before);
  }

  get isFull(): boolean {
    return this.letters.length >= storeLimits.lettersUnread;
  }
}

/** What came of letters that were put into inboxes, and what takes them out again. */
export interface InMemoryDelivery {
  readonly outcomes: readonly Posted[];
  readonly wakes: readonly WakeNow[];
  readonly undo: () => void;
}

/** As a transaction locks them: in the order of the runs. */
export function toSortedWakes(wakes: readonly WakeNow[]): readonly WakeNow[] {
  return wakes.toSorted((a, b) => (a.run < b.run ? -1 : a.run > b.run ? 1 : 0));
}

export function toKeyPlace(tenant: TenantId, hash: Digest): string {
  return `${tenant} ${hash}`;
}

export interface InMemoryKey {
  readonly run: RunId;
  readonly fingerprint: Digest;
}
