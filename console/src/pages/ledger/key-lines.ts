/** Keys or fingerprints as a file has them: one a line; a line that begins with # is a remark. */
export function toKeyLines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
