import { createLocate } from "./locate.ts";
import type { Problem } from "../../model/problem.ts";
import { maxDocumentBytes } from "./scan-yaml.ts";

export type Decoded =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** Bytes of a file or a request body as text; what is not UTF-8 is refused with its place. */
export function decodeDocument(bytes: Uint8Array): Decoded {
  if (bytes.length > maxDocumentBytes) return refuse(1, 1, "the document is larger than 1MiB");
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    // Decoded leniently, the first replacement that the bytes did not spell out is the fault.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    const offset = findReplacement(text, bytes);
    const { line, column } = createLocate(text)(offset);
    return refuse(line, column, "the document is not UTF-8 here");
  }
}

function findReplacement(text: string, bytes: Uint8Array): number {
  let start = 0;
  let from = 0;
  for (let at = text.indexOf("\ufffd"); at !== -1; at = text.indexOf("\ufffd", at + 1)) {
    start += Buffer.byteLength(text.slice(from, at));
    from = at;
    if (bytes[start] !== 0xef || bytes[start + 1] !== 0xbf || bytes[start + 2] !== 0xbd) return at;
  }
  return 0;
}

function refuse(line: number, column: number, message: string): Decoded {
  return { kind: "invalid", problems: [{ line, column, key: "", message, suggestion: null }] };
}
