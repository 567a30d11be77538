/** A text of the run as a person reads it: what was said, and what was called with it. */
export function toSaidText(content: string): string {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return content;
  }
  if (typeof value !== "object" || value === null || !("text" in value)) return content;
  const { text } = value;
  if (typeof text !== "string") return content;
  const calls: unknown = "calls" in value ? value.calls : undefined;
  if (!Array.isArray(calls)) return text;
  const said = calls.map((call: { readonly name?: unknown; readonly args?: unknown }) =>
    `${String(call.name)} ${String(call.args)}`.trim(),
  );
  return [text, ...said].filter((each) => each !== "").join("\n\n");
}
