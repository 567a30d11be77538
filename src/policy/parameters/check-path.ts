import type { PathType } from "../../model/parameter-types.ts";
import { findHidden, quote, toList, type ValueCheck } from "./spelling.ts";

// PATH_MAX and NAME_MAX of Linux; a longer one can only fail or be cut.
const maxLength = 4_096;
const maxPartLength = 255;

/**
 * Lexical, so it cannot know the file system: a link inside a root may lead out of it, `a/..` is
 * not where it seems when `a` is a link, mounts and hard links look like any file, and case may
 * not matter there. What is opened in the end is for the server and its sandbox to confine.
 */
export function compilePathCheck({ root, relative }: PathType): ValueCheck<string> {
  const roots = typeof root === "string" ? [root] : root;
  const allowed = `allowed is what lies in ${toList(roots)}`;
  return (text) => {
    const why = findGame(text) ?? (text.startsWith("/") ? null : findWrongStart(text, relative));
    if (why !== null) return `${why}; ${allowed}: ${quote(text)}`;
    const resolved = resolve(text.startsWith("/") ? text : `${roots[0]!}/${text}`);
    return roots.some((each) => liesIn(resolved, each))
      ? null
      : `lies outside; ${allowed}: ${quote(text)}`;
  };
}

function liesIn(path: string, root: string): boolean {
  return root === "/" || path === root || path.startsWith(`${root}/`);
}

/** `/a/./b//../c` → `/a/c`; above the top is the top. */
export function resolve(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** `file:///etc`, `C:\` and `$HOME/x` are relative only to those who do not expand them. */
function findWrongStart(text: string, isRelativeAllowed: boolean): string | null {
  if (!isRelativeAllowed) return "is not an absolute path";
  if (/^[$%]/.test(text)) return "begins with a variable";
  return /^[^/]*:/.test(text) ? "begins with a scheme or a drive" : null;
}

// Slashes and a space to the eye that NFKC does not fold into the ones they look like.
const lookAlike = /[\u2044\u2215\u2216\u2571\u2572\u27cb\u27cd\u29f5\u29f8\u29f9\u1680]/;

/** What some reader takes for another path than it is. */
function findGame(text: string): string | null {
  if (text === "") return "is empty";
  if (text.length > maxLength) return `is longer than ${maxLength} characters`;
  const hidden = findHidden(text);
  if (hidden !== null) return hidden;
  if (text.includes("\\")) return "holds a backslash";
  if (text.includes("~")) return "holds a ~";
  if (/%(?:[0-9a-f]{2}|u[0-9a-f]{4})/i.test(text)) return "is percent-encoded";
  return findLookAlike(text) ?? findWrongPart(text);
}

function findLookAlike(text: string): string | null {
  if (/^[ -~]*$/.test(text)) return null;
  if (text !== text.normalize("NFC")) return "is not in Unicode normal form C";
  if (lookAlike.test(text)) return "holds a look-alike of a slash or space";
  const marks = (of: string) => of.replace(/[^/\\.~% ]/g, "");
  return marks(text.normalize("NFKC")) === marks(text)
    ? null
    : "holds a look-alike of a slash, dot or space";
}

function findWrongPart(text: string): string | null {
  for (const part of text.split("/")) {
    if (part.length > maxPartLength) return `has a part longer than ${maxPartLength} characters`;
    if (part === "." || part === "..") continue;
    if (/^ |[. ]$/.test(part))
      return "has a part that begins or ends with a space, or ends with a dot";
  }
  return null;
}
