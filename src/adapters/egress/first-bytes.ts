import type { Duplex } from "node:stream";
import { readSide, type NextBytes } from "./next-bytes.ts";
import { EgressRefusal } from "./refusal.ts";

/** What was found at the start of the bytes, and how many of them it is; null: there must be more. */
export type Take<T> = (held: Buffer) => { readonly value: T; readonly used: number } | null;

/**
 * Reads a connection: first in bounded pieces that must be whole before anything is decided, then as it
 * comes. Holds no more than a head, however slowly or in however many pieces it is sent.
 */
export class FirstBytes {
  readonly #next: NextBytes;
  readonly #held: Buffer;
  #from = 0;
  #to = 0;
  /** What came with the last of the first bytes, and found no room. */
  #over: Buffer | null = null;

  constructor(socket: Duplex, maxBytes: number) {
    this.#next = readSide(socket);
    this.#held = Buffer.allocUnsafe(maxBytes);
  }

  async read<T>(take: Take<T>): Promise<T> {
    this.#held.copyWithin(0, this.#from, this.#to);
    [this.#from, this.#to] = [0, this.#to - this.#from];
    for (;;) {
      const found = take(this.#held.subarray(this.#from, this.#to));
      if (found !== null) {
        this.#from += found.used;
        return found.value;
      }
      if (this.#to === this.#held.length) throw new EgressRefusal("large", "the head is too long");
      await this.#fill();
    }
  }

  async #fill(): Promise<void> {
    const chunk = this.#over ?? (await this.#next());
    if (chunk === null) {
      const isUnasked = this.#to === 0;
      const reason = isUnasked ? "nothing was asked" : "the connection ended within a head";
      throw new EgressRefusal("malformed", reason);
    }
    const fitting = chunk.subarray(0, this.#held.length - this.#to);
    fitting.copy(this.#held, this.#to);
    this.#to += fitting.length;
    this.#over = fitting.length < chunk.length ? chunk.subarray(fitting.length) : null;
  }

  /** The next bytes, of which nothing is asked any more; null: the program has said all. */
  async next(): Promise<Buffer | null> {
    if (this.#from < this.#to) {
      const rest = this.#held.subarray(this.#from, this.#to);
      this.#from = this.#to;
      return rest;
    }
    const over = this.#over;
    this.#over = null;
    return over ?? (await this.#next());
  }

  /** Reads away what nobody wants, until the program closes its side. */
  async drain(): Promise<void> {
    while ((await this.#next()) !== null);
  }
}
