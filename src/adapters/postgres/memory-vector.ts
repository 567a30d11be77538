import type { EmbedderName } from "../../ports/embedder.ts";

/** Both in one column: what is compared is the two together. */
export function toEmbedderText(embedder: EmbedderName | null): string {
  return embedder === null ? "" : JSON.stringify([embedder.id, embedder.version]);
}

export function fromEmbedderText(text: string): EmbedderName | null {
  if (text === "") return null;
  const [id, version] = JSON.parse(text) as [string, string];
  return { id, version };
}

/** As Postgres reads an array of reals. */
export function toRealArray(values: Float32Array): string {
  return `{${values.join(",")}}`;
}

/** Dimensions, whether there are nulls, the type, then length and lower bound of the one dimension. */
const headerBytes = 20;
/** Its length, which is four, and the number. */
const elementBytes = 8;

/** What `array_send` makes of an array of reals: its binary form takes a tenth of reading its text. */
export function fromSentReals(bytes: Buffer): Float32Array {
  const count = bytes.length <= headerBytes ? 0 : bytes.readInt32BE(12);
  const values = new Float32Array(count);
  for (let at = 0; at < count; at += 1)
    values[at] = bytes.readFloatBE(headerBytes + at * elementBytes + 4);
  return values;
}
