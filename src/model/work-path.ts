export const workPathLimits = {
  /** Of the whole path, in UTF-8. */
  bytes: 512,
  /** Of one part: what file systems take. */
  partBytes: 255,
  depth: 16,
} as const;

/**
 * Why a path cannot be one of a workspace; null: it can. Every path that comes from outside is judged here,
 * whoever named it: a model, or a program that wrote a file.
 */
export function judgeWorkPath(path: string): string | null {
  if (path === "") return "is empty";
  if (!path.isWellFormed()) return "holds half a character";
  if (/[\p{Cc}\p{Zl}\p{Zp}\\]/u.test(path))
    return "holds a control character, a line separator or a backslash";
  if (Buffer.byteLength(path) > workPathLimits.bytes)
    return `is longer than ${workPathLimits.bytes} bytes`;
  if (path.startsWith("/")) return "is not relative";
  const parts = path.split("/");
  if (parts.length > workPathLimits.depth)
    return `lies more than ${workPathLimits.depth} folders deep`;
  if (parts.includes("")) return "has an empty part";
  if (parts.some((part) => part === "." || part === "..")) return "has a part that is . or ..";
  if (parts.some((part) => Buffer.byteLength(part) > workPathLimits.partBytes))
    return `has a part that is longer than ${workPathLimits.partBytes} bytes`;
  return null;
}
