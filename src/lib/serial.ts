export type Serial = <T>(task: () => Promise<T>) => Promise<T>;

/** Runs tasks one after the other; `onFull` is thrown to whoever would be one too many in the row. */
export function createSerial(maxWaiting: number, onFull: () => Error): Serial {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (task) => {
    if (waiting > maxWaiting) throw onFull();
    waiting += 1;
    const turn = last.then(task, task);
    last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      waiting -= 1;
    }
  };
}
