/** A wait that can be cut short. Nudges that come while nobody waits cut the next wait short, once. */
export class Nudge {
  #pending = false;
  #cut: AbortController | null = null;

  nudge(): void {
    this.#pending = true;
    this.#cut?.abort();
  }

  /** Waits as long as `sleep` does, or until the nudge. `sleep` rejects when its signal fires. */
  async wait(sleep: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (!this.#pending) {
      const cut = new AbortController();
      this.#cut = cut;
      try {
        await sleep(cut.signal);
      } catch (error) {
        if (!cut.signal.aborted) throw error;
      } finally {
        this.#cut = null;
      }
    }
    this.#pending = false;
  }
}
