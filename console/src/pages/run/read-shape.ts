/** What a value has to be, as plain as the value itself. */
export type Shape =
  | "text"
  | "number"
  | "flag"
  | "time"
  | "any"
  | { readonly orNull: Shape }
  | { readonly listOf: Shape }
  | { readonly mapOf: Shape }
  | { readonly oneOf: readonly string[] }
  /** It may be absent. */
  | { readonly maybe: Shape }
  | { readonly has: Readonly<Record<string, Shape>> };

/** The first thing that is wrong, with its place: `run.state`, `events[7].seq`. Null: nothing is. */
export function findWrong(value: unknown, shape: Shape, place: string): string | null {
  if (shape === "any") return null;
  if (typeof shape === "string") return isPlain(value, shape) ? null : say(value, place, shape);
  if ("maybe" in shape) return value === undefined ? null : findWrong(value, shape.maybe, place);
  if ("orNull" in shape) return value === null ? null : findWrong(value, shape.orNull, place);
  if ("oneOf" in shape) {
    const isKnown = typeof value === "string" && shape.oneOf.includes(value);
    return isKnown ? null : say(value, place, `one of ${shape.oneOf.join(", ")}`);
  }
  if ("listOf" in shape) {
    if (!Array.isArray(value)) return say(value, place, "a list");
    return findFirst(
      value.map((each: unknown, at) => [`${place}[${at}]`, each]),
      () => shape.listOf,
    );
  }
  if (!isObject(value)) return say(value, place, "an object");
  if ("mapOf" in shape)
    return findFirst(
      Object.entries(value).map(([key, each]) => [`${place}.${key}`, each]),
      () => shape.mapOf,
    );
  const { has } = shape;
  return findFirst(
    Object.keys(has).map((key) => [
      `${place}.${key}`,
      Object.hasOwn(value, key) ? value[key] : undefined,
    ]),
    (at) => Object.values(has)[at]!,
  );
}

function findFirst(
  parts: readonly (readonly [place: string, value: unknown])[],
  shapeOf: (at: number) => Shape,
): string | null {
  for (const [at, [place, value]] of parts.entries()) {
    const wrong = findWrong(value, shapeOf(at), place);
    if (wrong !== null) return wrong;
  }
  return null;
}

function isPlain(value: unknown, shape: "text" | "number" | "flag" | "time"): boolean {
  if (shape === "number") return typeof value === "number" && Number.isFinite(value);
  if (shape === "flag") return typeof value === "boolean";
  return typeof value === "string" && (shape === "text" || !Number.isNaN(Date.parse(value)));
}

const article: Readonly<Record<string, string>> = {
  text: "a text",
  number: "a number",
  flag: "true or false",
  time: "a time",
};

function say(value: unknown, place: string, wanted: string): string {
  if (value === undefined) return `${place} is missing.`;
  return `${place} is not ${article[wanted] ?? wanted}.`;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
