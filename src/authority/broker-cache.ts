import type { Clock } from "../ports/clock.ts";
import type { CredentialOutcome, CredentialSource } from "../ports/credentials.ts";

/** What is kept of a credential in memory, until when, and for which hosts. */
export interface Kept {
  readonly source: CredentialSource;
  readonly outcome: Exclude<CredentialOutcome, { kind: "consent" }>;
  readonly hosts: ReadonlySet<string>;
  /** Monotonic. */
  readonly freshUntilMs: number;
}

export interface CredentialCache {
  get(key: string, source: CredentialSource): Kept | null;
  set(key: string, kept: Kept): void;
  forget(key: string): void;
  /** Forgets it, and says what it was. */
  take(key: string): Kept | null;
  /** Forgets what goes by this id, at most once in a while; says whether it did. */
  reject(id: string): boolean;
  /** The id that the server no longer takes, until another one is kept. */
  rejectedId(key: string): string | null;
}

const rejectEveryMs = 60_000;

/** At the bound, what was written longest ago goes: it is asked for again, never missed. */
export function createCredentialCache(clock: Clock, maxEntries: number): CredentialCache {
  const kept = new Map<string, Kept>();
  /** Which key an id belongs to: also of ids that were forgotten, for those who still hold them. */
  const keys = new Map<string, string>();
  const rejections = new Map<string, { readonly id: string; readonly atMs: number }>();

  function keptId(key: string): string | null {
    const outcome = kept.get(key)?.outcome;
    return outcome?.kind === "ready" ? outcome.id : null;
  }

  return {
    get(key, source) {
      const found = kept.get(key);
      // Another revision of the configuration means something else by the same name.
      if (found?.source !== source) return null;
      return clock.monotonicMs() < found.freshUntilMs ? found : null;
    },
    set(key, entry) {
      setBounded(kept, { key, value: entry, maxEntries });
      if (entry.outcome.kind !== "ready") return;
      setBounded(keys, { key: entry.outcome.id, value: key, maxEntries });
    },
    forget: (key) => void kept.delete(key),
    take(key) {
      const found = kept.get(key) ?? null;
      kept.delete(key);
      return found;
    },
    reject(id) {
      const key = keys.get(id);
      if (key === undefined) return false;
      const last = rejections.get(key);
      if (last !== undefined && clock.monotonicMs() - last.atMs < rejectEveryMs) {
        // Many calls bring the same no: once it is rejected, whatever comes next is another one.
        return last.id === id && keptId(key) !== id;
      }
      const rejection = { id, atMs: clock.monotonicMs() };
      setBounded(rejections, { key, value: rejection, maxEntries });
      if (keptId(key) === id) kept.delete(key);
      return true;
    },
    rejectedId: (key) => rejections.get(key)?.id ?? null,
  };
}

function setBounded<T>(
  map: Map<string, T>,
  { key, value, maxEntries }: { key: string; value: T; maxEntries: number },
): void {
  map.delete(key);
  if (map.size >= maxEntries) map.delete(map.keys().next().value!);
  map.set(key, value);
}
