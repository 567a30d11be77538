/** Reads what a secret reference points to. A value never leaves as anything but this type. */
export interface Secrets {
  /**
   * `secret://name`, `env://NAME` or `file://path`; a Fault names the reference, never the value.
   * `destination` is where the value will be sent, as `toDestination` spells it: a stored secret that
   * is bound to hosts is given out for these alone.
   */
  resolve(reference: string, destination?: string): Promise<SecretValue>;
}

/** What does not print itself: not in a log, an error, JSON or a template string (I9). */
export class Secret<Value> {
  readonly #value: Value;
  constructor(value: Value) {
    this.#value = value;
  }
  /** The one place it comes out; callers are reviewed. */
  reveal(): Value {
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

export class SecretValue extends Secret<string> {}
