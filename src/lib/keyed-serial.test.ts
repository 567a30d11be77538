import { expect, test } from "vitest";
import { createKeyedSerial } from "./keyed-serial.ts";

test("tasks of one key wait for each other, those of others do not, and each key has its bound", async () => {
  const serial = createKeyedSerial(1, () => new Error("full"));
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = serial("a", async () => {
    await gate.promise;
    order.push("a1");
  });
  const second = serial("a", async () => void order.push("a2"));
  await expect(serial("a", async () => undefined)).rejects.toThrow("full");
  await serial("b", async () => void order.push("b1"));
  gate.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(["b1", "a1", "a2"]);
  await expect(serial("a", () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
  expect(await serial("a", async () => "again")).toBe("again");
});
