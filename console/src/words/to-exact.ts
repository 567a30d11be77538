/** The moment itself, to the second, where the reader is: `2026-11-22 14:03:07 UTC+1`. */
export function toExact(atMs: number): string {
  const at = new Date(atMs);
  if (Number.isNaN(at.getTime())) return "no time that there is";
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const hours = -at.getTimezoneOffset() / 60;
  return `${day} ${time} UTC${hours === 0 ? "" : hours > 0 ? `+${hours}` : String(hours)}`;
}
