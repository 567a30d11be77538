/** How values are looked at and spoken of, whatever their type. */

/** A check of one place: what is wrong there, as the end of a sentence, or null. */
export type ValueCheck<Value> = (value: Value) => string | null;

/** What is not seen by the person who approves, and read differently by whoever reads it. */
export function findHidden(text: string): string | null {
  if (/^[ -~]*$/.test(text)) return null;
  if (!text.isWellFormed()) return "holds half of a character";
  if (/\p{Cc}/u.test(text)) return "holds a control character";
  return /[\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u.test(text) ? "holds an invisible character" : null;
}

// Long enough to find the place again, too short to carry a secret or a prompt of any use.
const echoedLength = 40;

/** The value's beginning in printable ASCII. */
export function quote(text: string): string {
  const beginning = JSON.stringify(text.slice(0, echoedLength)).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length > echoedLength ? `${beginning}…` : beginning;
}

const namedCount = 8;

/** `a, b or c`, the first few of many. */
export function toList(allowed: readonly string[]): string {
  const named = allowed.slice(0, namedCount);
  if (allowed.length > namedCount)
    return `${named.join(", ")} or ${allowed.length - namedCount} more`;
  const last = named.at(-1) ?? "nothing";
  return named.length < 2 ? last : `${named.slice(0, -1).join(", ")} or ${last}`;
}
