import type { Json } from "../../lib/strict-json.ts";
import { toPointer } from "../../lib/strict-json.ts";

/** What a declared pointer meets in the arguments. */
export type Place =
  | { readonly kind: "value"; readonly pointer: string; readonly value: Json }
  | { readonly kind: "misfit"; readonly pointer: string; readonly message: string };

/** `a/b` is written `a~1b`; `*` stands for every item or member. */
export function toSegments(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function isJsonObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is not there is no place: an optional argument may be missing, and so may what holds it. */
export function* findPlaces(args: Json, segments: readonly string[]): Generator<Place> {
  yield* walk(args, { segments, path: [] });
}

interface Way {
  readonly segments: readonly string[];
  readonly path: readonly string[];
}

function* walk(value: Json, { segments, path }: Way): Generator<Place> {
  const segment = segments[path.length];
  if (segment === undefined) {
    yield { kind: "value", pointer: toPointer(path), value };
    return;
  }
  // A value of another shape would carry its text past the check.
  if (typeof value !== "object" || value === null) {
    yield misfit(path, "is neither an object nor a list, which its declared type needs");
  } else if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (segment !== "*" && !/^(?:0|[1-9]\d*)$/.test(segment))
      yield misfit(path, `is a list, and its declared type needs an object with ${segment}`);
    else if (segment !== "*" && Number(segment) < items.length)
      yield* walk(items[Number(segment)]!, { segments, path: [...path, segment] });
    else if (segment === "*")
      for (const [at, item] of items.entries())
        yield* walk(item, { segments, path: [...path, String(at)] });
  } else {
    const members = value as { readonly [key: string]: Json };
    if (segment === "*")
      for (const key in members) yield* walk(members[key]!, { segments, path: [...path, key] });
    else if (Object.hasOwn(members, segment))
      yield* walk(members[segment]!, { segments, path: [...path, segment] });
  }
}

function misfit(path: readonly string[], message: string): Place {
  return { kind: "misfit", pointer: toPointer(path), message };
}
