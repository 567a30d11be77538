import { reveal } from "../ledger/receipt-json.ts";

/**
 * Columns as wide as their widest cell; the last one as long as it is. Cells hold words of servers and of
 * people: what a terminal would obey, and what would look like another row, is shown instead.
 */
export function renderTable(given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(reveal));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    }
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index]!)))
      .join("  ");
  return rows.map((row) => `  ${line(row).trimEnd()}`).join("\n");
}
