import { expect, test } from "vitest";
import { createSerial } from "./serial.ts";

test("tasks run one after the other, whether or not they fail", async () => {
  const serial = createSerial(10, () => new Error("full"));
  const order: string[] = [];
  const task = (name: string, fails: boolean) =>
    serial(async () => {
      order.push(`${name} starts`);
      await Promise.resolve();
      order.push(`${name} ends`);
      if (fails) throw new Error(name);
    });
  const ends = await Promise.allSettled([task("a", true), task("b", false), task("c", true)]);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
  expect(order).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
});

test("one too many in the row is told so, and the row moves on", async () => {
  const serial = createSerial(1, () => new Error("full"));
  const gate = Promise.withResolvers<void>();
  const first = serial(() => gate.promise);
  const second = serial(async () => "second");
  await expect(serial(async () => "third")).rejects.toThrow("full");
  gate.resolve();
  await first;
  expect(await second).toBe("second");
  expect(await serial(async () => "fourth")).toBe("fourth");
});
