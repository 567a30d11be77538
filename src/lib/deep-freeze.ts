/**
 * Freezes a plain value and everything in it. What is frozen already is looked into all the same:
 * a schema freezes what it returns, and not what is inside.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}
