import { runEventSchema, toRunEventBytes, type RunEvent } from "../model/run-event.ts";
import { isTerminal } from "../model/state-table.ts";
import { runStates } from "../model/run-states.ts";
import type { RunBlob, RunGist, RunHead } from "../ports/run-rows.ts";
import type { Append, CommitOutcome, CommitUnit, Store } from "../ports/store.ts";
import { fold } from "./fold.ts";
import { listCosts } from "./list-costs.ts";
import { isSameGist, toGist } from "./to-gist.ts";
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

/** What may wait for the next commit: nobody acts on it before that, and whoever dies does it again. */
export type Staging = Pick<Noting, "events" | "blobs">;

/** So many wait at most: a commit has bounds of its own. */
const maxStaged = 8;

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
  /** What is durable. */
  #noted: RunView;
  /** The same with what is staged. */
  #view: RunView;
  /** What lists say of it; null: what an older version or nobody said, until this one appends. */
  #told: RunGist | null = null;
  #staged: readonly Staging[] = [];
  #head: number;
  readonly #place: Pick<RunHead, "run" | "epoch">;
  readonly #store: Pick<Store, "commit">;
  readonly #onNoted: (head: number, view: RunView) => void;
  readonly #queue: Waiting[] = [];
  #isWriting = false;
  #isTaken = false;

  constructor(options: {
    readonly view: RunView;
    readonly head: RunHead;
    readonly store: Pick<Store, "commit">;
    readonly onNoted: (head: number, view: RunView) => void;
  }) {
    this.#noted = options.view;
    this.#view = options.view;
    this.#head = options.head.head;
    this.#place = options.head;
    this.#store = options.store;
    this.#onNoted = options.onNoted;
  }

  /** With everything that is durable by now, or staged. */
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

  /** Counts from now on, and becomes durable with whatever is noted next. */
  async stage(staging: Staging): Promise<void> {
    this.#view = foldAll(this.#view, staging.events);
    this.#staged = [...this.#staged, staging];
    if (this.#staged.length >= maxStaged) await this.flush();
  }

  /** Before anything is done that is not noted first, and before nothing more is done. */
  async flush(): Promise<void> {
    if (this.#staged.length > 0) await this.note({ events: [] });
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

  async #writeBatch(batch: readonly Noting[]): Promise<CommitOutcome> {
    if (this.#isTaken) return { kind: "fenced", reason: "epoch" };
    const staged = this.#staged;
    const notings = [...staged, ...batch];
    const events = notings.flatMap((noting) => noting.events);
    if (events.length === 0) return { kind: "committed", head: this.#head };
    // What cannot be read or folded must not be written: the run could never go on.
    for (const event of events) runEventSchema.parse(event);
    const view = foldAll(this.#noted, events);
    const outcome = await this.#store.commit({
      ...joinUnits(batch),
      append: this.#toAppend(notings, events, view),
    });
    if (outcome.kind === "committed") {
      this.#noted = view;
      this.#told = toGist(view);
      // What was staged meanwhile stands after it.
      this.#staged = this.#staged.slice(staged.length);
      this.#view = foldAll(
        view,
        this.#staged.flatMap((staging) => staging.events),
      );
      this.#head += events.length;
      this.#onNoted(this.#head, view);
    }
    if (outcome.kind === "fenced") this.#isTaken = true;
    return outcome;
  }

  #toAppend(notings: readonly Noting[], events: readonly RunEvent[], view: RunView): Append {
    const { run, epoch } = this.#place;
    const blobs = notings.flatMap((noting) => noting.blobs ?? []);
    const wakeAtMs = notings.findLast((noting) => noting.wakeAtMs !== undefined)?.wakeAtMs;
    const { state, inbox } = view;
    const [gist, costs] = [toGist(view), listCosts(view, events)];
    return {
      run,
      epoch,
      head: this.#head,
      events: events.map(toRunEventBytes),
      ...(blobs.length === 0 ? {} : { blobs: distinct(blobs) }),
      ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
      ...(state === this.#noted.state ? {} : { state }),
      ...(this.#told !== null && isSameGist(gist, this.#told) ? {} : { gist }),
      ...(costs.length === 0 ? {} : { costs }),
      ...(isTerminal(runStates, state) ? { ended: true, endedAtMs: events.at(-1)!.atMs } : {}),
      ...(inbox === this.#noted.inbox ? {} : { folded: inbox }),
    };
  }
}

function foldAll(view: RunView, events: readonly RunEvent[]): RunView {
  return events.reduce<RunView>((seen, event) => fold(seen, event), view);
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
