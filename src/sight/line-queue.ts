/** What a destination that is away may miss of: some seconds of a busy replica, hours of a quiet one. */
const mostLines = 8_192;
const mostCharacters = 8 * 1024 * 1024;

export interface QueuedLines {
  readonly lines: readonly string[];
  /** How many were taken out before and with these, since the beginning. */
  readonly upTo: number;
}

/** Lines that wait to be sent, the oldest first; at the bound the oldest go. */
export class LineQueue {
  readonly #onDropped: (lines: number) => void;
  #lines: string[] = [];
  /** Of what is taken out already, at the front of the list. */
  #from = 0;
  #gone = 0;
  #characters = 0;

  constructor(onDropped: (lines: number) => void) {
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#lines.length - this.#from;
  }

  push(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    let dropped = 0;
    while (this.size > mostLines || (this.#characters > mostCharacters && this.size > 1)) {
      this.#shift();
      dropped += 1;
    }
    if (dropped > 0) this.#onDropped(dropped);
  }

  /** The oldest; they stay until they are settled. */
  peek(most: { readonly lines: number; readonly characters: number }): QueuedLines {
    const lines: string[] = [];
    let characters = 0;
    for (let at = this.#from; at < this.#lines.length && lines.length < most.lines; at += 1) {
      const line = this.#lines[at]!;
      characters += line.length;
      if (lines.length > 0 && characters > most.characters) break;
      lines.push(line);
    }
    return { lines, upTo: this.#gone + lines.length };
  }

  /** Some of them may have gone meanwhile, as the oldest. */
  settle({ upTo }: QueuedLines): void {
    while (this.#gone < upTo && this.size > 0) this.#shift();
  }

  drop(): void {
    if (this.size > 0) this.#onDropped(this.size);
    while (this.size > 0) this.#shift();
  }

  #shift(): void {
    this.#characters -= this.#lines[this.#from]!.length;
    // What is taken out is let go of at once; the list itself is made shorter now and then.
    this.#lines[this.#from] = "";
    this.#from += 1;
    this.#gone += 1;
    if (this.#from < 1_024 && this.size > 0) return;
    this.#lines = this.#lines.slice(this.#from);
    this.#from = 0;
  }
}
