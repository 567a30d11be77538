// How soon a person wonders whether anything happens at all.
const FIRST_MS = 2_000;
// A log that nobody watches needs fewer lines than a terminal, which redraws one.
const TERMINAL_EVERY_MS = 1_000;
const PLAIN_EVERY_MS = 10_000;

/** @typedef {{ readonly isTTY?: boolean, write(text: string): unknown }} Output */

/**
 * Says what is going on, and from the second second on how long it has been going on.
 * Returns the function that ends it.
 *
 * @param {string} title
 * @param {Output} [output]
 * @returns {(outcome?: string) => void}
 */
export function showProgress(title, output = process.stderr) {
  const startMs = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startMs) / 1000)} s`;
  const redraws = output.isTTY === true;
  output.write(`countersign: ${title}\n`);
  const draw = () => {
    output.write(redraws ? `\r\u001b[K  … ${elapsed()}` : `countersign: … ${elapsed()}\n`);
  };
  /** @type {NodeJS.Timeout | undefined} */
  let interval;
  const first = setTimeout(() => {
    draw();
    interval = setInterval(draw, redraws ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS);
    interval.unref();
  }, FIRST_MS);
  first.unref();

  return (outcome) => {
    clearTimeout(first);
    clearInterval(interval);
    if (redraws && interval !== undefined) output.write("\r\u001b[K");
    if (outcome !== undefined) output.write(`countersign: ${outcome} (${elapsed()})\n`);
  };
}
