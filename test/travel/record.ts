/** What differs from one recording to the next, by what stands in its place. */
const placeholders: readonly (readonly [RegExp, string])[] = [
  [/sha256:[0-9a-f]{64}/g, "sha256:DIGEST"],
  [/(?<=127\.0\.0\.1:|localhost:)\d+/g, "PORT"],
  [/\(\d+\.\d s\)/g, "(N s)"],
  [/\d{4}-\d{2}-\d{2}/g, "DATE"],
  [/\b\d{2}:\d{2}\b/g, "TIME"],
  [/(?<=booking )[A-Z0-9]{8}\b/g, "BOOKING"],
  [/(?<=countersign@)\d+\.\d+\.\d+\S*/g, "VERSION"],
];

/** Where each id is named first; the two receipts are the two that remain. */
const firstNamed: readonly (readonly [RegExp, string])[] = [
  [/^Run (\S+):/m, "RUN"],
  [/approvals\/(\S+)/, "APPROVAL"],
  [/receipts show (\S+) --save receipt-1/, "ENTRY-1"],
  [/receipts show (\S+) --save receipt-2/, "ENTRY-2"],
];

/** A recording that is the same each time, if the same was said. */
export function toRecording(rows: readonly string[]): string {
  let text = `${rows.join("\n").trimEnd()}\n`;
  for (const [pattern, name] of firstNamed) {
    const [, id] = pattern.exec(text) ?? [];
    if (id === undefined) throw new Error(`No ${name} in the recording:\n${text}`);
    text = text.replaceAll(id, name);
  }
  return placeholders.reduce((said, [pattern, name]) => said.replaceAll(pattern, name), text);
}

/** The commands that a recording shows, each as it is copied, by how they begin. */
export function listShown(rows: readonly string[], start: string): readonly string[] {
  return rows.flatMap((row, at) => {
    if (!row.trimStart().startsWith(start)) return [];
    const last = rows.findIndex((each, index) => index >= at && !each.endsWith("\\"));
    return [rows.slice(at, last + 1).join("\n")];
  });
}
