/** What a server says in one call: none of it reaches the client before its label is durable. */
export interface Words {
  /** Whether any were to be handed on before the call ended. */
  readonly isBegun: boolean;
  /** Nothing to wait for, where the label is kept and nothing is held back. */
  kept(): Promise<void> | undefined;
  /** In the order of the calls, at once where there is nothing to wait for. */
  pass(hand: () => void): void;
  /** As `kept`, before a question. */
  before(): Promise<void> | undefined;
}

/** Notifications that wait for one label; more are dropped. */
const maxHeld = 1_000;

/** `label` keeps it, and gives nothing to wait for where it is kept. */
export function createWords(label: () => Promise<void> | undefined): Words {
  let isBegun = false;
  let keeping: Promise<void> | null = null;
  let held: (() => void)[] = [];

  function kept(): Promise<void> | undefined {
    if (keeping !== null) return keeping;
    const durable = label();
    if (durable === undefined) return undefined;
    keeping = durable.then(
      () => takeHeld().forEach((hand) => hand()),
      (error) => {
        takeHeld();
        throw error;
      },
    );
    return keeping;
  }

  function takeHeld(): readonly (() => void)[] {
    const due = held;
    held = [];
    keeping = null;
    return due;
  }

  return {
    get isBegun() {
      return isBegun;
    },
    kept,
    before() {
      isBegun = true;
      return kept();
    },
    pass(hand) {
      isBegun = true;
      const waiting = kept();
      if (waiting === undefined) return hand();
      if (held.length < maxHeld) held.push(hand);
      // Without its label it is not handed on; the end of the call keeps it again, and says so.
      waiting.catch(() => undefined);
    },
  };
}
