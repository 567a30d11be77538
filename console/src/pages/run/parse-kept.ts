/** A text as a run keeps it: what was said, and what a model called with it. */
export interface Kept {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly args: string }[];
}

/** What has another form than the server writes is shown as it is. */
export function parseKept(content: string): Kept {
  try {
    const { text, calls } = JSON.parse(content) as {
      readonly text?: unknown;
      readonly calls?: unknown;
    };
    if (typeof text !== "string") return { text: content, calls: [] };
    return { text, calls: Array.isArray(calls) ? calls.filter(isCall) : [] };
  } catch {
    return { text: content, calls: [] };
  }
}

function isCall(value: unknown): value is Kept["calls"][number] {
  if (typeof value !== "object" || value === null) return false;
  const { name, args } = value as Readonly<Record<string, unknown>>;
  return typeof name === "string" && typeof args === "string";
}

/** JSON with a line for each member, where every value is as it was; else the text itself. */
export function toPretty(text: string): { readonly text: string; readonly isJson: boolean } {
  if (!/^\s*[[{]/.test(text) || text.length > mostPretty) return { text, isJson: false };
  try {
    const value: unknown = JSON.parse(text);
    // Numbers that JavaScript cannot hold, and names that stand twice, would be told wrongly.
    return { text: isFaithful(text, value) ? JSON.stringify(value, null, 2) : text, isJson: true };
  } catch {
    return { text, isJson: false };
  }
}

/** Breaking it into lines takes time, and nobody reads it. */
const mostPretty = 256 * 1024;

/** Whether what was read, without spaces between, is what was written, letter by letter. */
function isFaithful(text: string, value: unknown): boolean {
  const squeezed = text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (part) =>
    part.startsWith('"') ? part : "",
  );
  return JSON.stringify(value) === squeezed;
}

export interface Cut {
  readonly text: string;
  /** Characters that are left out; 0: none. */
  readonly left: number;
}

const mostLines = 24;
const mostCharacters = 2_400;

/** The beginning of a long text, to a line's end where there is one. */
export function cutText(text: string): Cut {
  let end = Math.min(text.length, mostCharacters);
  let at = -1;
  for (let line = 0; line < mostLines; line += 1) {
    at = text.indexOf("\n", at + 1);
    if (at < 0 || at > end) break;
    if (line === mostLines - 1) end = at;
  }
  // Half of a letter is none.
  const isSplit = /[\ud800-\udbff]/.test(text.charAt(end - 1)) && end < text.length;
  const shown = text.slice(0, isSplit ? end - 1 : end);
  return { text: shown, left: text.length - shown.length };
}
