/** What the engine has for numbers that a double does not keep; the types do not know it yet. */
interface ExactJson {
  parse(
    text: string,
    read: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
}
const json = JSON as unknown as ExactJson;

/** Reads JSON so that `writeJsonExact` writes every number as it stood there. */
export function readJsonExact(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source
      ? json.rawJSON(source)
      : value,
  );
}

export function writeJsonExact(value: unknown): string {
  return JSON.stringify(value);
}

/** An object or a list, to be changed in place. */
export function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !json.isRawJSON(value);
}

/** RFC 6901: the keys that a pointer names, one below the other. */
export function parsePointer(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}
