import type { Json } from "../../lib/strict-json.ts";
import { runningFlagsOf } from "../../model/known-programs.ts";
import type { CommandType } from "../../model/parameter-types.ts";
import { quote, toList, type ValueCheck } from "./spelling.ts";
import { splitWords } from "./split-words.ts";

// Far below what a kernel takes, far above what a person reads before approving.
const maxWords = 256;
const maxLength = 32_768;

/**
 * A command that no shell has to read, in the words of POSIX; cmd.exe reads others. What the
 * program does with its words, its configuration, hooks and environment is not seen here.
 */
export function compileCommandCheck(type: CommandType): ValueCheck<Json> {
  const programs: ReadonlySet<string> = new Set(type.programs);
  const allowed = `allowed are plain words after ${toList(type.programs)}`;
  return (value) => {
    const words = toWords(value);
    if (typeof words === "string") return `${words}; ${allowed}`;
    const [program] = words;
    if (program === undefined) return `is empty; ${allowed}`;
    if (!programs.has(program)) return `${describeProgram(program)}; ${allowed}: ${quote(program)}`;
    const running = type.interpreter ? [] : runningFlagsOf(program);
    const flag = findDenied(toOptions(words), [...running, ...type.denyFlags]);
    return flag === null
      ? null
      : `holds ${quote(flag.word)}, which is or stands for ${flag.denied}`;
  };
}

function describeProgram(program: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*=/.test(program)
    ? "begins with an assignment"
    : "runs another program";
}

function toWords(value: Json): readonly string[] | string {
  if (typeof value === "string") {
    if (value.length > maxLength) return `is longer than ${maxLength} characters`;
    const split = splitWords(value);
    if (split.kind === "refused") return split.why;
    return split.words.length > maxWords ? `has more than ${maxWords} words` : split.words;
  }
  if (!Array.isArray(value)) return "is neither text nor a list of texts";
  const words = value as readonly Json[];
  if (words.length > maxWords) return `has more than ${maxWords} words`;
  if (!words.every((word): word is string => typeof word === "string"))
    return "holds a word that is not text";
  if (words.reduce((sum, word) => sum + word.length, 0) > maxLength)
    return `is longer than ${maxLength} characters`;
  return words.some((word) => word.includes("\0") || !word.isWellFormed())
    ? "holds a word with NUL or half of a character"
    : words;
}

/** tar takes its first options without a dash. */
function toOptions(words: readonly string[]): readonly string[] {
  const [program = "", first = "", ...rest] = words;
  const isBundle = /(?:^|[/a-z])tar$/.test(program) && /^[A-Za-z]/.test(first);
  return [isBundle ? `-${first}` : first, ...rest];
}

/** Wherever it stands: `--` ends options for some programs alone. */
function findDenied(
  words: readonly string[],
  denied: readonly string[],
): { readonly word: string; readonly denied: string } | null {
  if (denied.length === 0) return null;
  for (const word of words) {
    if (!word.startsWith("-")) continue;
    const found = denied.find((flag) => standsFor(word, flag));
    if (found !== undefined) return { word, denied: found };
  }
  return null;
}

/** `--out=x` and the abbreviation `--ou` are `--output`; `-xo` and `-ofile` hold `-o`. */
function standsFor(word: string, flag: string): boolean {
  const name = word.replace(/=.*$/s, "");
  if (flag.startsWith("--")) return name.length > 2 && flag.startsWith(name);
  // A long name behind one dash, as find's -exec: X and Go programs take it with two as well.
  if (flag.length > 2) return name === flag || name === `-${flag}`;
  return !word.startsWith("--") && word.includes(flag[1]!);
}
