const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

export const durationShape =
  /^(?=.)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/;

/** `250ms`, `30s`, `1m30s` in milliseconds; null when it is not a duration. Units in falling order. */
export function parseDuration(text: string): number | null {
  const parts = durationShape.exec(text)?.slice(1);
  if (parts === undefined) return null;
  return parts.reduce((sum, part, index) => sum + Number(part ?? 0) * units[index]![1], 0);
}

/** The one canonical spelling of a duration: `90s` and `1m30s` are both written `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = ms;
  let text = "";
  for (const [unit, unitMs] of units) {
    const whole = Math.floor(rest / unitMs);
    if (whole > 0) text += `${whole}${unit}`;
    rest -= whole * unitMs;
  }
  return text;
}
