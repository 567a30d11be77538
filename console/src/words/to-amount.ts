/** `999`, `12.3k`, `1.2M`. */
export function toCount(value: number): string {
  if (value < 10_000) return value.toLocaleString("en");
  if (value < 1_000_000) return `${(Math.floor(value / 100) / 10).toLocaleString("en")}k`;
  return `${(Math.floor(value / 100_000) / 10).toLocaleString("en")}M`;
}

/** Money as the server counts it, a decimal of dollars: `$0.0042`, `$12.50`, never rounded up to nothing. */
export function toMoney(decimal: string): string {
  const value = Number(decimal);
  if (value === 0) return "$0.00";
  return value < 0.01 ? `$${Number(value.toPrecision(2))}` : `$${value.toFixed(2)}`;
}

export function toBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_024 * 1_024) return `${(bytes / 1_024).toFixed(1)} KiB`;
  return `${(bytes / 1_024 / 1_024).toFixed(1)} MiB`;
}

/** The beginning of a digest or an id, enough to tell it from its neighbours. */
export function toShort(text: string): string {
  const plain = text.replace(/^sha256[:-]/, "");
  return plain.length <= 12 ? plain : `${plain.slice(0, 8)}…${plain.slice(-4)}`;
}
