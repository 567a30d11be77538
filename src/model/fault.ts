import { faults, type FaultCode } from "./faults.ts";

/** An environment failure: thrown, caught only at the edges, rendered from the catalogue. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.code = code;
    this.details = Object.freeze({ ...options.details });
  }

  get retryable(): boolean {
    return faults[this.code].retryable;
  }
}

export interface FaultOptions {
  readonly cause?: unknown;
  /** Where it happened (path, line, limit). Never a secret value. */
  readonly details?: Readonly<Record<string, unknown>>;
}
