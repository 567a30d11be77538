/** Counted from 1, as editors do. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Locate = (offset: number) => Place;

/** Finds the line and column of an offset in a text; prepared once, then a binary search each. */
export function createLocate(text: string): Locate {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  };
}
