import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { renderFaults } from "./render-faults.ts";

test("the page of faults is up to date", async () => {
  const page = fileURLToPath(new URL("../docs/faults.md", import.meta.url));
  await expect(renderFaults()).toMatchFileSnapshot(page);
});
