/** What the entries say of approvals, one after the other: each is used once, and none after a no. */
export interface UseJudge {
  /** Why this entry does not fit those before it; null: it does. */
  judge(bytes: Uint8Array): string | null;
}

const named = Buffer.from('"approval":"');

interface Read {
  readonly kind: string;
  readonly approval: string;
  readonly intent: string;
  readonly word?: string;
}

/**
 * Whoever writes to the database can put a used or a denied approval back as if it were a new one. What
 * comes of it stands in the log: the same intent once more, or an intent after a no.
 */
export function createUseJudge(): UseJudge {
  const used = new Set<string>();
  const denied = new Set<string>();
  return {
    judge(bytes) {
      const read = readEntry(bytes);
      if (read === null) return null;
      const { kind, approval, intent, word } = read;
      if (kind === "verdict" && word === "denied") denied.add(approval);
      if (kind !== "intent") return null;
      if (denied.has(approval)) return `Approval ${approval} was denied before, and then used.`;
      // Calls that go on under a yes have intents of their own.
      if (used.has(intent)) return `Approval ${approval} was used for this intent before.`;
      used.add(intent);
      return null;
    },
  };
}

/** Entries that name an approval; what is no entry at all is found elsewhere. */
function readEntry(bytes: Uint8Array): Read | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!text.includes(named)) return null;
  try {
    return JSON.parse(text.toString()) as Read;
  } catch {
    return null;
  }
}
