import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { renderLedgerBook } from "./ledger-book.ts";

const place = fileURLToPath(new URL("../../console/src/mock/ledger-book.json", import.meta.url));

test("the mock's ledger is what the ledger itself signs", async () => {
  await expect(`${JSON.stringify(renderLedgerBook())}\n`).toMatchFileSnapshot(place);
});
