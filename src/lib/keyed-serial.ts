import { createSerial, type Serial } from "./serial.ts";

/** One row a key: tasks of one key run one after the other, those of different keys side by side. */
export function createKeyedSerial(
  maxWaiting: number,
  onFull: () => Error,
): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const rows = new Map<string, { readonly serial: Serial; users: number }>();
  return async (key, task) => {
    const row = rows.get(key) ?? { serial: createSerial(maxWaiting, onFull), users: 0 };
    rows.set(key, row);
    row.users += 1;
    try {
      return await row.serial(task);
    } finally {
      row.users -= 1;
      if (row.users === 0) rows.delete(key);
    }
  };
}
