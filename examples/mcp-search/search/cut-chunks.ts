import { cleanText } from "./clean-text.ts";
import { limits } from "./limits.ts";

export interface Cut {
  /** The heading that it stands below; empty where there is none. */
  readonly heading: string;
  readonly text: string;
  /** Characters that nobody sees, taken out of the whole document. */
  readonly hidden: number;
}

/** Paragraphs below one heading, as many as fit into a chunk. */
export function cutChunks(document: string): readonly Cut[] {
  const { text, hidden } = cleanText(document);
  const cuts: Cut[] = [];
  for (const { heading, body } of splitSections(text)) {
    let open = "";
    const close = (): void => {
      if (open !== "") cuts.push({ heading, text: open, hidden });
      open = "";
    };
    for (const piece of splitPieces(body)) {
      if (open.length + piece.length + 2 > limits.chunkLength) close();
      open = open === "" ? piece : `${open}\n\n${piece}`;
    }
    close();
    // A heading without a text is found by itself.
    if (body.trim() === "" && heading !== "") cuts.push({ heading, text: heading, hidden });
  }
  return cuts;
}

interface Section {
  readonly heading: string;
  readonly body: string;
}

function splitSections(text: string): readonly Section[] {
  const sections: { heading: string; lines: string[] }[] = [{ heading: "", lines: [] }];
  let isCode = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) isCode = !isCode;
    const isHeading = !isCode && /^#{1,6} /.test(line);
    if (isHeading) sections.push({ heading: toHeading(line), lines: [] });
    else sections.at(-1)!.lines.push(line);
  }
  return sections.map(({ heading, lines }) => ({ heading, body: lines.join("\n") }));
}

const toHeading = (line: string): string =>
  line
    .slice(line.indexOf(" ") + 1)
    .trim()
    .slice(0, 200);

/** Paragraphs; one that is longer than a chunk is cut where a word ends. */
function splitPieces(body: string): readonly string[] {
  return body.split("\n\n").flatMap((paragraph) => {
    const pieces: string[] = [];
    let rest = paragraph.trim();
    while (rest.length > limits.chunkLength) {
      const space = rest.lastIndexOf(" ", limits.chunkLength);
      const at = space > limits.chunkLength / 2 ? space : toWhole(rest, limits.chunkLength);
      pieces.push(rest.slice(0, at).trim());
      rest = rest.slice(at).trim();
    }
    return rest === "" ? pieces : [...pieces, rest];
  });
}

/** Half of a character is none. */
function toWhole(text: string, at: number): number {
  return /[\ud800-\udbff]/.test(text[at - 1]!) ? at - 1 : at;
}
