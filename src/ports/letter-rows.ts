/** A message to one replica, and its answer. Short-lived: whoever sent it takes it away again. */
export interface LetterDraft {
  /** A UUIDv7. */
  readonly id: string;
  /** The replica that it is for. */
  readonly owner: string;
  readonly body: Uint8Array;
  readonly nowMs: number;
}

export interface LetterState {
  /** When its owner last said that it is at work on it; null while nobody took it. */
  readonly beatMs: number | null;
  readonly reply: Uint8Array | null;
}

export interface Letters {
  put(letter: LetterDraft): Promise<void>;
  /** Takes what is for this owner and was not taken yet; each letter is given out once. */
  take(owner: string, nowMs: number): Promise<readonly { id: string; body: Uint8Array }[]>;
  /** Says that it is still being worked on. */
  beat(id: string, nowMs: number): Promise<void>;
  reply(id: string, reply: Uint8Array): Promise<void>;
  /** Null for a letter that is gone. */
  read(id: string): Promise<LetterState | null>;
  /** True when nobody had taken it: it will never be answered. */
  withdraw(id: string): Promise<boolean>;
  remove(id: string): Promise<void>;
  /** Those of before that nobody took away. */
  sweep(beforeMs: number): Promise<number>;
}
