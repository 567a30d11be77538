/** The same keys with other values. */
export function mapValues<Value, Other>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value, key: string) => Other,
): Readonly<Record<string, Other>> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, change(value, key)]),
  );
}
