import { formatDuration } from "../model/duration.ts";

const units = [86_400_000, 3_600_000, 60_000, 1_000] as const;

/** In its largest unit, as people say it. */
export function toAge(ms: number): string {
  const unit = units.find((each) => ms >= each) ?? 1_000;
  return formatDuration(Math.max(0, Math.floor(ms / unit)) * unit) || "0s";
}
