/** The places in a value that somebody could still change, as JSON Pointers. */
export function findUnfrozen(value: unknown, pointer = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, each]) =>
    findUnfrozen(each, `${pointer}/${key}`),
  );
  return Object.isFrozen(value) ? inner : [pointer, ...inner];
}
