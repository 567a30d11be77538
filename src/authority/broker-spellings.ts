/**
 * How a value looks once it was put into something else. What stands in quotes is met as JSON writes
 * it; base64 is met at each of the three places that it may have in a longer text.
 */
export function listSpellings(value: string): ReadonlyMap<string, Spelling> {
  const bytes = Buffer.from(value, "utf8");
  const base64 = listBase64(bytes);
  const all: readonly (readonly [string, Spelling])[] = [
    // Results often hold JSON as text inside of JSON: escaped twice.
    ...[
      toJson(toJson(value)),
      toJson(value),
      toAsciiJson(value),
      toJson(value).replaceAll("/", "\\/"),
    ].map((text) => [text, "json"] as const),
    ...listPercent(value).map((text) => [text, "percent"] as const),
    [bytes.toString("hex"), "hex"],
    [bytes.toString("hex").toUpperCase(), "hex"],
    ...base64.map((text) => [text, "base64"] as const),
    ...base64.map((text) => [text.replaceAll("/", "\\/"), "base64"] as const),
    ...base64.map((text) => [text.replaceAll("+", "-").replaceAll("/", "_"), "base64url"] as const),
    ...base64.map((text) => [encodeURIComponent(text), "base64"] as const),
    [value, "plain"],
  ];
  // The last one wins: what is spelled the same way is called by the plainest name.
  return new Map(all);
}

export type Spelling = "plain" | "json" | "percent" | "hex" | "base64" | "base64url";

function toJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function toAsciiJson(value: string): string {
  return toJson(value).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function listPercent(value: string): readonly string[] {
  const plain = encodeURIComponent(value.toWellFormed());
  const strict = plain.replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const upper = [plain, strict, strict.replaceAll("%20", "+")];
  return upper.flatMap((text) => [
    text,
    text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ]);
}

/** Without the characters at its ends that also hold bits of what stands beside it. */
function listBase64(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64url");
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(first, last).replaceAll("-", "+").replaceAll("_", "/");
  });
}
