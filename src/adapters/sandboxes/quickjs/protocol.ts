/** What the interpreter's process is told before its input: one line of JSON, then the code. */
export interface Order {
  readonly codeBytes: number;
  /** Of what the code makes. */
  readonly memoryBytes: number;
  /** Whether its process has no network; it runs nothing where it has one all the same. */
  readonly isAlone: boolean;
}

/** Of the text that the code finds as `input`; more is refused. */
export const mostInputBytes = 16 * 1024 * 1024;
/** Of code: more is no longer something that was just written. */
export const mostCodeBytes = 1024 * 1024;

export function toOrder(code: string, limits: Omit<Order, "codeBytes">): Buffer {
  const bytes = Buffer.from(code, "utf8");
  const order: Order = { codeBytes: bytes.length, ...limits };
  return Buffer.concat([Buffer.from(`${JSON.stringify(order)}\n`), bytes]);
}

export interface Asked extends Omit<Order, "codeBytes"> {
  readonly code: string;
  readonly input: Uint8Array;
}

export function readOrder(bytes: Buffer): Asked {
  const lineEnd = bytes.indexOf("\n");
  const { codeBytes, ...rest } = JSON.parse(bytes.toString("utf8", 0, lineEnd)) as Order;
  const from = lineEnd + 1;
  const to = from + codeBytes;
  return { code: bytes.toString("utf8", from, to), input: bytes.subarray(to), ...rest };
}
