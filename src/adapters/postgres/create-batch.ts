import { Fault, type FaultCode } from "../../model/index.ts";
import type { RunDraft } from "../../ports/run-rows.ts";
import { createRuns } from "./create-runs.ts";
import type { Enlist } from "./enlist.ts";
import type { Tokens } from "./tokens.ts";
import { again, type TransactionOptions } from "./transaction.ts";

export interface CreateOptions extends TransactionOptions {
  readonly tokens: Tokens;
  readonly enlist: Enlist | undefined;
}

interface Waiting {
  readonly draft: RunDraft;
  readonly bytes: number;
  readonly settle: (outcome: "created" | "exists") => void;
  readonly fail: (error: unknown) => void;
}

const batchLimits = { drafts: 64, bytes: 4 * 1024 * 1024 };
/** Some seconds of full load; what is beyond is told to come back. */
const queueLimits = { drafts: 10_000, bytes: 64 * 1024 * 1024 };
/** What is wrong with one draft: the others are made without it. */
const isOfOne: ReadonlySet<FaultCode> = new Set([
  "payload_invalid",
  "payload_too_large",
  "internal",
]);

/**
 * Runs that are started while others are being made go together in the next statement: their wakes are
 * told by NOTIFY, and Postgres lets one transaction with a NOTIFY commit at a time.
 */
export class CreateBatch {
  readonly #options: CreateOptions;
  readonly #queue: Waiting[] = [];
  #bytes = 0;
  #isWriting = false;

  constructor(options: CreateOptions) {
    this.#options = options;
  }

  add(draft: RunDraft): Promise<"created" | "exists"> {
    const bytes = toSize(draft);
    const isFull = this.#queue.length > 0 && this.#bytes + bytes > queueLimits.bytes;
    if (isFull || this.#queue.length >= queueLimits.drafts)
      throw new Fault("store_busy", `${this.#queue.length} runs wait to be made`);
    return new Promise((settle, fail) => {
      this.#queue.push({ draft, bytes, settle, fail });
      this.#bytes += bytes;
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#queue.length > 0) await this.#make(this.#take());
    this.#isWriting = false;
  }

  /** One of each run: a second draft of the same waits for the next. */
  #take(): readonly Waiting[] {
    const runs = new Set<string>();
    let bytes = 0;
    let count = 0;
    for (const { draft, bytes: own } of this.#queue.slice(0, batchLimits.drafts)) {
      if (runs.has(draft.run) || (count > 0 && bytes + own > batchLimits.bytes)) break;
      runs.add(draft.run);
      bytes += own;
      count += 1;
    }
    this.#bytes -= bytes;
    return this.#queue.splice(0, count);
  }

  async #make(batch: readonly Waiting[]): Promise<void> {
    const { tokens, enlist, pool } = this.#options;
    const [token, drafts] = [tokens.next(), batch.map(({ draft }) => draft)];
    try {
      const made = await again(this.#options, (uncertain) =>
        createRuns(pool, { drafts, token, uncertain, enlist }),
      );
      for (const { draft, settle } of batch) settle(made.has(draft.run) ? "created" : "exists");
    } catch (error) {
      const mayBeOne = batch.length > 1 && error instanceof Fault && isOfOne.has(error.code);
      if (mayBeOne) for (const each of batch) await this.#make([each]);
      else for (const { fail } of batch) fail(error);
    }
  }
}

function toSize({ events, blobs = [] }: RunDraft): number {
  const all = [...events, ...blobs.map(({ bytes }) => bytes)];
  return all.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
