const before = "=?base64?";
const after = "?=";
const plain = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What a header can carry stays; anything else goes as base64 between marks. */
export function encodeHeaderValue(value: string): string {
  const isMarked = value.startsWith(before) && value.endsWith(after);
  if (plain.test(value) && !isMarked) return value;
  return `${before}${Buffer.from(value).toString("base64")}${after}`;
}

/** Null for marks around what is not base64 of UTF-8. */
export function decodeHeaderValue(value: string): string | null {
  if (!value.startsWith(before) || !value.endsWith(after)) return value;
  const inner = value.slice(before.length, -after.length);
  if (!base64.test(inner)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(inner, "base64"),
    );
  } catch {
    return null;
  }
}
