import { runEventSchema, toRunEventBytes, type RunEvent } from "../model/run-event.ts";
import { isTerminal } from "../model/state-table.ts";
import { runStates } from "../model/run-states.ts";
import type { RunBlob, RunHead } from "../ports/run-rows.ts";
import type { Append, CommitOutcome, CommitUnit, Store } from "../ports/store.ts";
import { fold } from "./fold.ts";
import type { RunView } from "./view.ts";

/** Another worker has the run: whatever this one still wants to say of it does not count. */
export class RunTaken extends Error {}

/** What goes into the log at once, with what has to be durable together with it. */
export interface Noting {
  readonly events: readonly RunEvent[];
  readonly blobs?: readonly RunBlob[];
  readonly unit?: Omit<CommitUnit, "append">;
  readonly wakeAtMs?: number | null;
}

interface Waiting {
  readonly noting: Noting;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one writer of a run's log, for as long as this worker has the run. Calls that end at the same
 * time note it one after the other; what can share a commit does.
 */
export class Journal {
  #view: RunView;
  #head: number;
  readonly #place: Pick<RunHead, "run" | "epoch">;
  readonly #store: Pick<Store, "commit">;
  readonly #onNoted: (head: number) => void;
  readonly #queue: Waiting[] = [];
  #isWriting = false;
  #isTaken = false;

  constructor(options: {
    readonly view: RunView;
    readonly head: RunHead;
    readonly store: Pick<Store, "commit">;
    readonly onNoted: (head: number) => void;
  }) {
    this.#view = options.view;
    this.#head = options.head.head;
    this.#place = options.head;
    this.#store = options.store;
    this.#onNoted = options.onNoted;
  }

  /** With everything that is durable by now. */
  get view(): RunView {
    return this.#view;
  }

  get head(): number {
    return this.#head;
  }

  /** Nothing can be added any more. */
  get isEnded(): boolean {
    return isTerminal(runStates, this.#view.state);
  }

  /** Durable when it resolves; throws `RunTaken` where another worker has the run. */
  async note(noting: Noting): Promise<void> {
    const outcome = await this.commit(noting);
    if (outcome.kind === "committed") return;
    if (outcome.kind === "fenced") throw new RunTaken(outcome.reason);
    throw new Error(`a run's event was refused: ${outcome.kind}`);
  }

  /** The same for a unit that may be refused for other reasons. */
  commit(noting: Noting): Promise<CommitOutcome> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ noting, resolve, reject });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#queue.length > 0) {
      const batch = takeBatch(this.#queue);
      try {
        const outcome = await this.#writeBatch(batch.map(({ noting }) => noting));
        for (const each of batch) each.resolve(outcome);
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    this.#isWriting = false;
  }

  async #writeBatch(notings: readonly Noting[]): Promise<CommitOutcome> {
    if (this.#isTaken) return { kind: "fenced", reason: "epoch" };
    const events = notings.flatMap((noting) => noting.events);
    // What cannot be read or folded must not be written: the run could never go on.
    for (const event of events) runEventSchema.parse(event);
    const view = events.reduce<RunView>((seen, event) => fold(seen, event), this.#view);
    const outcome = await this.#store.commit({
      ...joinUnits(notings),
      append: this.#toAppend(notings, events, view),
    });
    if (outcome.kind === "committed") {
      this.#view = view;
      this.#head += events.length;
      this.#onNoted(this.#head);
    }
    if (outcome.kind === "fenced") this.#isTaken = true;
    return outcome;
  }

  #toAppend(notings: readonly Noting[], events: readonly RunEvent[], view: RunView): Append {
    const { run, epoch } = this.#place;
    const blobs = notings.flatMap((noting) => noting.blobs ?? []);
    const wakeAtMs = notings.findLast((noting) => noting.wakeAtMs !== undefined)?.wakeAtMs;
    const { state, inbox } = view;
    return {
      run,
      epoch,
      head: this.#head,
      events: events.map(toRunEventBytes),
      ...(blobs.length === 0 ? {} : { blobs: distinct(blobs) }),
      ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
      ...(state === this.#view.state ? {} : { state }),
      ...(isTerminal(runStates, state) ? { ended: true, endedAtMs: events.at(-1)!.atMs } : {}),
      ...(inbox === this.#view.inbox ? {} : { folded: inbox }),
    };
  }
}

/** What may be refused goes alone: others must not be refused with it. */
function isPlain({ unit }: Noting): boolean {
  return unit === undefined || (unit.consume === undefined && !claimsKey(unit));
}

function claimsKey({ entries = [] }: Omit<CommitUnit, "append">): boolean {
  return entries.some(({ opens }) => (opens?.key ?? null) !== null);
}

function takeBatch(queue: Waiting[]): readonly Waiting[] {
  if (!isPlain(queue[0]!.noting)) return queue.splice(0, 1);
  const until = queue.findIndex(({ noting }) => !isPlain(noting));
  return queue.splice(0, until === -1 ? queue.length : until);
}

function joinUnits(notings: readonly Noting[]): Omit<CommitUnit, "append"> {
  const units = notings.flatMap(({ unit }) => (unit === undefined ? [] : [unit]));
  if (units.length <= 1) return units[0] ?? {};
  return {
    entries: units.flatMap(({ entries = [] }) => entries),
    wakes: units.flatMap(({ wakes = [] }) => wakes),
    letters: units.flatMap(({ letters = [] }) => letters),
  };
}

function distinct(blobs: readonly RunBlob[]): readonly RunBlob[] {
  return [...new Map(blobs.map((blob) => [blob.id, blob])).values()];
}
