/** One top-level part of a document. */
export interface Branch {
  readonly name: string;
  /** How much is in it, or what it is where it is one value. */
  readonly count: string;
  /** As JSON. */
  readonly text: string;
}

const longestValue = 60;

export function toBranches(document: unknown): readonly Branch[] {
  if (typeof document !== "object" || document === null || Array.isArray(document))
    return [{ name: "document", count: "", text: JSON.stringify(document, null, 2) ?? "" }];
  return Object.entries(document).map(([name, value]) => ({
    name,
    count: toCountWords(value),
    text: JSON.stringify(value, null, 2),
  }));
}

function toCountWords(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    const text = JSON.stringify(value);
    return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
  }
  const count = Object.keys(value).length;
  if (count === 0) return "empty";
  return count === 1 ? "1 member" : `${count} members`;
}
