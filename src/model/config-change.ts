import { toCanonicalText } from "./canonical.ts";
import { restartKeys } from "./config.ts";

/** One key whose value differs between two revisions. */
export interface ConfigChange {
  readonly kind: "added" | "removed" | "changed";
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
  /** A running process refuses it; the next start takes it. */
  readonly restart: boolean;
}

/** Compares two canonical documents key by key, in the order of the keys; lists are one value. */
export function toConfigChanges(before: Uint8Array, after: Uint8Array): readonly ConfigChange[] {
  const old = toLeaves(before);
  const next = toLeaves(after);
  const keys = [...new Set([...old.keys(), ...next.keys()])].toSorted();
  return keys.flatMap((key): ConfigChange[] => {
    const isKept = old.has(key) && next.has(key);
    if (isKept && toCanonicalText(old.get(key)) === toCanonicalText(next.get(key))) return [];
    const kind = !old.has(key) ? "added" : next.has(key) ? "changed" : "removed";
    const restart = restartKeys.some((each) => key === each || key.startsWith(`${each}.`));
    return [{ kind, key, before: old.get(key) ?? null, after: next.get(key) ?? null, restart }];
  });
}

function toLeaves(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (value: unknown, key: string): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      leaves.set(key, value);
      return;
    }
    const entries = Object.entries(value);
    // A key that is there with nothing below it says something, too.
    if (entries.length === 0 && key !== "") leaves.set(key, value);
    for (const [name, below] of entries) visit(below, key === "" ? name : `${key}.${name}`);
  };
  visit(JSON.parse(new TextDecoder().decode(bytes)), "");
  return leaves;
}
