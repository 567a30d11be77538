import { toInertSegments } from "../../../../src/lib/inert-text.ts";
import { toJsonLines } from "../../../../src/lib/json-lines.ts";
import type { Json } from "../../../../src/lib/strict-json.ts";
import type { InertPart } from "../../ui/inert.tsx";
import { toStart } from "./shorten.ts";

/** What is folded away at first: longer than this nobody takes in at once. */
export const linesAtFirst = 150;
const lettersAtFirst = 1_500;
/** Each is an element of the page; more are put together, and keep their names in brackets. */
const mostElements = 2_000;
const blockLetters = 2_000;

export interface FoldedLine {
  readonly depth: number;
  readonly first: readonly InertPart[];
  /** Behind a button; one block, but for what is very long. */
  readonly rest: readonly (readonly InertPart[])[];
  readonly restLetters: number;
}

/** The exact arguments, a line each, with what they hide named; long ones are folded. */
export function foldLines(value: Json): readonly FoldedLine[] {
  return toJsonLines(value).map(({ depth, text }) => ({
    depth: Math.min(depth, 16),
    ...cut(toInertSegments(text, { escapes: true })),
  }));
}

/** What a person has asked to see of one value. */
export interface Unfolded {
  readonly allLines: boolean;
  readonly lines: ReadonlySet<number>;
}

export const nothingUnfolded: Unfolded = { allLines: false, lines: new Set() };

/** How many parts are still folded away. */
export function countFolded(lines: readonly FoldedLine[], unfolded: Unfolded): number {
  const shown = unfolded.allLines ? lines : lines.slice(0, linesAtFirst);
  const cutLines = shown.filter(
    ({ rest }, index) => rest.length > 0 && !unfolded.lines.has(index),
  ).length;
  return cutLines + (shown.length < lines.length ? 1 : 0);
}

function cut(segments: readonly InertPart[]): Omit<FoldedLine, "depth"> {
  const first: InertPart[] = [];
  const rest: InertPart[] = [];
  let [left, restLetters] = [lettersAtFirst, 0];
  for (const segment of segments) {
    const at = toCut(segment, left);
    left -= Math.max(1, at);
    if (at > 0) first.push({ ...segment, text: segment.text.slice(0, at) });
    if (at === segment.text.length) continue;
    rest.push({ ...segment, text: segment.text.slice(at) });
    restLetters += segment.text.length - at;
  }
  const blocks = rest.length === 0 ? [] : rest.length > mostElements ? toBlocks(rest) : [rest];
  return { first, rest: blocks, restLetters };
}

/** A mark is shown whole or not at all. */
function toCut({ text, mark }: InertPart, left: number): number {
  if (mark !== null) return left > 0 ? text.length : 0;
  return text.length <= left ? text.length : toStart(text, Math.max(0, left));
}

/**
 * One text of very many marks in blocks of a few lines: a browser draws those that are seen. Letters that
 * are read from the right stay apart; all else reads the same as one text.
 */
function toBlocks(parts: readonly InertPart[]): readonly (readonly InertPart[])[] {
  const blocks: InertPart[][] = [];
  let letters = blockLetters;
  for (const part of parts) {
    if (letters >= blockLetters) {
      blocks.push([]);
      letters = 0;
    }
    letters += part.text.length;
    const block = blocks.at(-1)!;
    const last = block.at(-1);
    const joins = last !== undefined && isOneText(last) && isOneText(part);
    if (joins) block[block.length - 1] = { text: last.text + part.text, mark: null, name: null };
    else block.push(isOneText(part) ? { ...part, mark: null, name: null } : part);
  }
  return blocks;
}

const isOneText = ({ mark, name }: InertPart): boolean => mark === null || name !== null;
