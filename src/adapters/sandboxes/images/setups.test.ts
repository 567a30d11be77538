import { expect, test } from "vitest";
import { createManualClock } from "../../../ports/manual-clock.ts";
import { createSeededRandom } from "../../../ports/seeded-random.ts";
import { firecrackerRelease } from "./firecracker-release.ts";
import { carryOut, openSetup, type Step } from "./setups.ts";
import { missing } from "./workshop.ts";

const makes =
  (line: string): Step =>
  () =>
    Promise.resolve([line]);

test("what was made before a step lacks something is told, and nothing is made after it", async () => {
  const lack = missing("there is no apt", null);
  const later: string[] = [];
  const end = await carryOut([
    makes("a program is there"),
    () => Promise.resolve(lack),
    () => Promise.resolve(later.splice(0, 0, "an image")),
  ]);
  expect(end).toEqual({ made: ["a program is there"], missing: lack });
  expect(later).toEqual([]);
});

test("all steps together make a setup", async () => {
  const end = await carryOut([makes("a program"), makes("an image")]);
  expect(end).toEqual({ made: ["a program", "an image"], missing: null });
});

test("Firecracker's digest is said to be nobody's word but other repositories'", async () => {
  const workshop = {
    directory: "/nowhere",
    path: "/nowhere",
    proxies: {},
    random: createSeededRandom(1),
    onStep: () => undefined,
  };
  const { lines } = await openSetup("firecracker", { workshop, clock: createManualClock(0) });
  const said = lines.join("\n");
  expect(said).toContain(firecrackerRelease.sha256);
  expect(said).toContain("never compared with the project's own page");
});
