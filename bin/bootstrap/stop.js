// Plain JavaScript that Node 20 runs: everything in this folder works before anything is installed.

/** The set-up cannot go on, and the message says what to do. Bugs keep their stack trace. */
export class Stop extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 2) {
    super(message);
    this.name = "Stop";
    this.exitCode = exitCode;
  }
}
