/** A file of an archive, or a folder where it has no bytes. */
export interface CpioEntry {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

export const folderMode = 0o040755;
export const fileMode = 0o100644;
export const programMode = 0o100755;
const alignment = 4;

/**
 * An archive as the kernel unpacks it (newc). One after another is unpacked over what is there already, so
 * long as each is a whole number of words.
 */
export function toCpio(entries: readonly CpioEntry[]): Buffer {
  const end: CpioEntry = { path: "TRAILER!!!", mode: 0, bytes: new Uint8Array(0) };
  return Buffer.concat([...entries, end].flatMap(toParts));
}

function toParts({ path, mode, bytes }: CpioEntry, index: number): readonly Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const fields = [index + 1, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const start = Buffer.concat([Buffer.from(head), name]);
  return [start, padding(start.length), bytes, padding(bytes.length)];
}

const padding = (length: number): Uint8Array =>
  new Uint8Array((alignment - (length % alignment)) % alignment);
