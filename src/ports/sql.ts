/**
 * A transaction that another adapter may write in. The store hands it to whoever enlists wakes,
 * so that an event and the wake it causes commit together without adapters knowing each other.
 */
export interface SqlTransaction {
  executeSql(text: string, values?: readonly unknown[]): Promise<{ rows: unknown[] }>;
}
