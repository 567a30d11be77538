/** Reads what a secret reference points to. A value never leaves as anything but this type. */
export interface Secrets {
  /**
   * `secret://name`, `env://NAME` or `file://path`; a Fault names the reference, never the value.
   * `destination` is where the value will be sent, as `toDestination` spells it: a stored secret that
   * is bound to hosts is given out for these alone.
   */
  resolve(reference: string, destination?: string): Promise<SecretValue>;
}

/** A value that does not print itself: not in a log, an error, JSON or a template string. */
export class SecretValue {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The one place the value comes out; callers are reviewed. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return "[secret]";
  }
  toJSON(): string {
    return "[secret]";
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
