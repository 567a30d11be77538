import { expect, test } from "vitest";
import { Nudge } from "./nudge.ts";

const forever = (signal: AbortSignal) =>
  new Promise<void>((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error)),
  );

test("a nudge cuts a wait short, and one that came before it does so once", async () => {
  const nudge = new Nudge();
  const waiting = nudge.wait(forever);
  nudge.nudge();
  await waiting;
  nudge.nudge();
  nudge.nudge();
  await nudge.wait(forever);
  let ended = false;
  const next = nudge.wait(forever).then(() => (ended = true));
  await new Promise(setImmediate);
  expect(ended).toBe(false);
  nudge.nudge();
  await next;
});

test("a wait that is not cut ends as its sleep does", async () => {
  const nudge = new Nudge();
  await nudge.wait(async () => {});
  await expect(nudge.wait(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
});
