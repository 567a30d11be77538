import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { requireMade } from "./exit.ts";

test("a process that could not be made is a fault, and nothing is left to end this server", async () => {
  const child = spawn("/nowhere/program");
  const said = once(child, "error");
  expect(() => requireMade(child)).toThrow(
    expect.objectContaining({ code: "sandbox_failed", message: expect.stringMatching(/process/) }),
  );
  // The one that is listened for here is not the only one who hears it.
  expect(child.listenerCount("error")).toBe(2);
  await said;
});

test("one that was made is given back", async () => {
  const child = spawn("true");
  expect(requireMade(child)).toBe(child);
  expect(await once(child, "exit")).toEqual([0, null]);
});
