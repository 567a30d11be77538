/** Requests that wait for a person just now, of all that may at once. */
export class Waiters {
  readonly #max: number;
  readonly #onCount: (count: number) => void;
  #count = 0;

  constructor(max: number, onCount: (count: number) => void) {
    this.#max = max;
    this.#onCount = onCount;
  }

  enter(): boolean {
    if (this.#count >= this.#max) return false;
    this.#onCount((this.#count += 1));
    return true;
  }

  leave(): void {
    this.#onCount((this.#count -= 1));
  }
}
