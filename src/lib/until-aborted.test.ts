import { expect, test } from "vitest";
import { untilAborted } from "./until-aborted.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what was begun ends as it ends, and whoever's signal fires waits no more", async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(untilAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
  const stop = new AbortController();
  const waiting = untilAborted(new Promise(() => undefined), stop.signal);
  stop.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
});

test("what fails after everybody has gone is nobody's unheard rejection", async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  try {
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(untilAborted(Promise.reject(new Error("late")), gone)).rejects.toThrow("gone");
    await settle();
    await settle();
    expect(unheard).toEqual([]);
  } finally {
    process.off("unhandledRejection", hear);
  }
});
