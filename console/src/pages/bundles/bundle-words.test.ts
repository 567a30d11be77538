import { expect, test } from "vitest";
import { bundleSchemas } from "../../../../src/api/bundle-schemas.ts";
import { diffBundles } from "../../../../src/rollout/diff-bundles.ts";
import { bundleSchema } from "../../../../src/model/bundle.ts";
import { bundleChanges, keptBundles } from "../../mock/bundle-book.ts";
import { toCapsWords, toLimitWords, toRouteWords } from "./bundle-words.ts";

test("routes, caps and limits in words", () => {
  const of = (backend: string, weight: number) => ({ backend, weight });
  expect(toRouteWords([])).toBe("no backend");
  expect(toRouteWords([[of("a", 1)], [of("b", 3), of("c", 1)]])).toBe("a, else b or c (3 : 1)");
  expect(toCapsWords({ micros: null, tokens: null, calls: null })).toMatch(/^none/);
  expect(toCapsWords({ micros: 1_500_000, tokens: 90, calls: 2 })).toBe(
    "$1.50, 90 tokens, 2 calls",
  );
  expect(toLimitWords({ memoryBytes: 1_048_576, cpuMillis: 500, openFiles: 64 })).toBe(
    "memory 1.0 MiB, cpu 0.5, open files 64",
  );
});

test("the mock's bundles are bundles, and differ as the product says that they do", () => {
  const kept = [...keptBundles].map(([digest, bundle]) => {
    expect(bundleSchemas.Bundle.safeParse({ digest, bundle }).error?.issues).toBeUndefined();
    return bundleSchema.parse(bundle);
  });
  expect(diffBundles(kept[0]!, kept[1]!)).toEqual(bundleChanges);
});
