import { expect, test } from "vitest";
import { createManualClock } from "../../ports/manual-clock.ts";
import { startPatience } from "./patience.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const bounds = { firstTokenMs: 10_000, idleMs: 2_000 };

async function open(withinMs = 60_000) {
  const clock = createManualClock(1_000);
  const patience = startPatience(clock, bounds, { host: "h", deadlineMs: 1_000 + withinMs });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      clock.advance(500);
      await settle();
    }
  };
  await settle();
  return { clock, patience, pass };
}

test("before the first token it waits for firstToken, and longer while the model works", async () => {
  const { patience, pass } = await open();
  await pass(9_500);
  patience.progressed(false);
  await pass(1_500);
  expect(patience.signal.aborted).toBe(false);
  await pass(500);
  // It was asked, and may be paid for what it was thinking.
  expect(patience.signal.reason).toMatchObject({
    code: "model_unavailable",
    details: { isOwed: true },
  });
});

test("after it, only idle counts", async () => {
  const { patience, pass } = await open();
  patience.progressed(true);
  await pass(1_500);
  patience.progressed(false);
  await pass(1_500);
  expect(patience.signal.aborted).toBe(false);
  await pass(500);
  expect(patience.signal.reason).toMatchObject({ code: "model_broken" });
});

test("the deadline holds however much comes, and what is stopped sleeps no more", async () => {
  const { patience, pass } = await open(3_000);
  for (let count = 0; count < 3; count += 1) {
    patience.progressed(true);
    await pass(1_000);
  }
  expect(patience.signal.reason).toMatchObject({ code: "deadline_exceeded" });
  const stopped = await open();
  stopped.patience.stop();
  await settle();
  expect(stopped.clock.sleeping).toBe(0);
});
