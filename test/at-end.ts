import { afterAll, onTestFinished, type TestContext } from "vitest";

/** Of what several tests share it is told of none. */
type End = (task?: TestContext["task"]) => unknown;

/** Of what is being made for more than one test; null: nothing is. */
let shared: End[] | null = null;

/** Takes something away again: after the test, or after all that share it. */
export function atEnd(end: End): void {
  if (shared === null) onTestFinished(async ({ task }) => void (await end(task)));
  else shared.push(end);
}

/** Made once for the tests of a file or group, which run one after the other, by the first that asks. */
export function share<Made>(make: () => Promise<Made>): () => Promise<Made> {
  const ends: End[] = [];
  let made: Promise<Made> | null = null;
  afterAll(async () => {
    const failed: unknown[] = [];
    // One that fails keeps none of the others from being taken away.
    for (const end of ends.toReversed()) {
      try {
        await end();
      } catch (error) {
        failed.push(error);
      }
    }
    if (failed.length > 0) throw new AggregateError(failed, "Not all that was shared went away.");
  });
  return () => (made ??= makeFor(ends, make));
}

async function makeFor<Made>(ends: End[], make: () => Promise<Made>): Promise<Made> {
  shared = ends;
  try {
    return await make();
  } finally {
    shared = null;
  }
}
