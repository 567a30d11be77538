import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isAsStrong, tiers } from "./sandbox.ts";
import { tiersOfTrust, tierTraits } from "./tier-traits.ts";

test("the table in the documents is the one that is read", () => {
  const page = readFileSync(new URL("../../docs/workbench.md", import.meta.url), "utf8");
  const rows = page
    .split("\n")
    .filter((line) => /^\| `(?:none|T\d)`/.test(line))
    .map((line) =>
      line
        .replaceAll("`", "")
        .split("|")
        .slice(1, -1)
        .map((each) => each.trim()),
    );
  const told = Object.entries(tierTraits).map(([tier, traits]) => [
    tier,
    traits.isolation,
    traits.kernel,
    String(traits.startMs),
    traits.volume,
    String(traits.untrustedCode),
  ]);
  expect(rows).toEqual(told);
  expect(Object.keys(tierTraits)).toEqual(["none", ...tiers]);
});

test("code that nobody has read is put where such code may run, also where the least is said", () => {
  for (const { usual, least } of Object.values(tiersOfTrust))
    expect(isAsStrong(usual, least)).toBe(true);
  const { usual, least } = tiersOfTrust["model-written"];
  for (const tier of [usual, least])
    expect(tierTraits[tier]).toMatchObject({ untrustedCode: true, kernel: "own" });
});
