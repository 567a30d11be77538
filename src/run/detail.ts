const longest = 2_048;

/** Words of others, in the bounds of an event. */
export function toDetail(text: string): string {
  return text.slice(0, longest).toWellFormed();
}
