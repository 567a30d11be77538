/**
 * How much a test does. `npm test` samples the large counts, `npm run prove` runs them whole;
 * both draw from one seed, so that a failure can be played again.
 */

/** Set by `npm run prove`: the counts that issues and documents state, in full. */
export const proving = process.env["COUNTERSIGN_PROVE"] === "1";

/** The count for this run. */
export function scaled(counts: { readonly test: number; readonly prove: number }): number {
  return proving ? counts.prove : counts.test;
}

/**
 * The seed of this run. vitest.config.ts draws one when none is given, before any worker starts,
 * so every file sees the same; the reporter prints it.
 */
export function seed(): number {
  return parseSeed(process.env["COUNTERSIGN_SEED"]);
}

/** Seeds are 31 bits: fast-check takes an int32, and a person can type it. */
export function parseSeed(text: string | undefined): number {
  if (text === undefined || !/^\d{1,10}$/.test(text) || Number(text) > 0x7fff_ffff) {
    throw new Error(
      `COUNTERSIGN_SEED must be a whole number from 0 to 2147483647, and is ${text ?? "not set"}`,
    );
  }
  return Number(text);
}

/** Before each test of a list of slow ones: in `npm test` a fifth of them is tried, by the seed. */
export function createSampling(isSlow: boolean) {
  const share = isSlow ? scaled({ test: 5, prove: 1 }) : 1;
  let asked = 0;
  return (skip: (isSkipped: boolean, why: string) => void): void => {
    asked += 1;
    skip(asked % share !== seed() % share, `one of ${share} is tried, by the seed`);
  };
}
