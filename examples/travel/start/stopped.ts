/** The quickstart cannot go on, and the message says what to do. Bugs keep their stack trace. */
export class Stopped extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "Stopped";
    this.exitCode = exitCode;
  }
}
