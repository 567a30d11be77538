/** Of ten requests two may be sent once more; a burst of ten, too, after a quiet time. */
const earned = 0.2;
const most = 10;

export interface RetryBudget {
  /** A request came. */
  earn(): void;
  /** Whether one more attempt may be made; it is then counted. */
  spend(): boolean;
}

/** Without it, backends that fail get the more requests the less they can answer. */
export function createRetryBudget(): RetryBudget {
  let left = most;
  return {
    earn: () => {
      left = Math.min(most, left + earned);
    },
    spend: () => {
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
