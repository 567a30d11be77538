/** `431 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`, `4 d 2 h`: two units at most. */
export function toDuration(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toLocaleString("en")} s`;
  const seconds = Math.floor(ms / 1_000);
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  const first = units.findIndex(([size]) => seconds >= size);
  const [size, unit] = units[first]!;
  const [smaller, smallerUnit] = units[first + 1]!;
  const rest = Math.floor((seconds % size) / smaller);
  const whole = `${Math.floor(seconds / size)} ${unit}`;
  return rest === 0 ? whole : `${whole} ${rest} ${smallerUnit}`;
}

/** `now`, `12 s ago`, `in 4 min`: the largest unit alone. */
export function toRelative(atMs: number, nowMs: number): string {
  const apart = Math.abs(nowMs - atMs);
  if (apart < 1_000) return "now";
  const seconds = Math.floor(apart / 1_000);
  const word =
    seconds < 60
      ? `${seconds} s`
      : seconds < 3_600
        ? `${Math.floor(seconds / 60)} min`
        : seconds < 86_400
          ? `${Math.floor(seconds / 3_600)} h`
          : `${Math.floor(seconds / 86_400)} d`;
  return atMs < nowMs ? `${word} ago` : `in ${word}`;
}
