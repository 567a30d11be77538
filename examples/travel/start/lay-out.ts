/** As wide as `toLine` makes the word before a text. */
const labelWidth = 10;

/**
 * Breaks each line where the terminal would, but between words, so that it is read easily. A command is broken
 * at its options, with a backslash: it is copied as it stands. A word that is too long stays whole.
 */
export function layOut(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => layOutLine(line, columns))
    .join("\n");
}

function layOutLine(line: string, columns: number): string {
  const [margin = ""] = /^ */.exec(line) ?? [];
  if (line.length <= columns) return line;
  return line.startsWith("npx ", margin.length)
    ? fill(line.split(/ (?=--)/), { columns, hang: `${margin}  `, glue: " \\" })
    : fill(toWords(line), { columns, hang: toHang(line, margin), glue: "" });
}

/** The first word keeps what stands before it. */
function toWords(line: string): readonly string[] {
  const start = isLabelled(line) ? labelWidth : line.search(/\S/);
  const [first = "", ...rest] = line.slice(start).split(" ");
  return [line.slice(0, start) + first, ...rest];
}

const toHang = (line: string, margin: string): string =>
  isLabelled(line) ? " ".repeat(labelWidth) : margin;

const isLabelled = (line: string): boolean => /^ {2}\S+ +$/.test(line.slice(0, labelWidth));

interface Room {
  readonly columns: number;
  /** Before every row but the first. */
  readonly hang: string;
  /** After every row but the last. */
  readonly glue: string;
}

function fill(pieces: readonly string[], { columns, hang, glue }: Room): string {
  const rows: string[] = [];
  let row: string | null = null;
  for (const piece of pieces) {
    const longer: string = row === null ? piece : `${row} ${piece}`;
    if (row === null || longer.length + glue.length <= columns) row = longer;
    else {
      rows.push(row + glue);
      row = hang + piece;
    }
  }
  return [...rows, row ?? ""].join("\n");
}
