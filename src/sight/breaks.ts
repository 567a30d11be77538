/** Longer than a restart, a deployment or a full queue takes. */
const longestMs = 60 * 60_000;
/** With the longest pauses an hour has some more. */
const leastTries = 10;

/**
 * Whether a destination breaks at one batch over and over. What is taken, or is put off with a reason, ends that;
 * an hour of nothing else means that this batch may be why.
 */
export class Breaks {
  #first = "";
  #sinceMs = 0;
  #tries = 0;

  /** `first` names the batch: more may have come to its end meanwhile. */
  isOver(first: string, nowMs: number): boolean {
    if (this.#tries === 0 || this.#first !== first) {
      this.#first = first;
      this.#sinceMs = nowMs;
      this.#tries = 0;
    }
    this.#tries += 1;
    return this.#tries >= leastTries && nowMs - this.#sinceMs >= longestMs;
  }

  forget(): void {
    this.#tries = 0;
  }
}
