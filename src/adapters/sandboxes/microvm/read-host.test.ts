import { expect, test } from "vitest";
import { toProcessor } from "./read-host.ts";

const told = (flags: string, mhz: string): string =>
  [`model name\t: Quick\ncpu MHz\t\t: ${mhz}\nflags\t\t: ${flags}`, "model name\t: Other"].join(
    "\n\n",
  );

test("a processor is another one where it can do something else, and not where it is slower", () => {
  expect(toProcessor(told("fpu avx", "2600"))).toBe(toProcessor(told("fpu avx", "800")));
  expect(toProcessor(told("fpu avx", "2600"))).not.toBe(toProcessor(told("fpu", "2600")));
  expect(toProcessor(told("fpu avx", "2600"))).toContain("avx");
});
