import { EgressRefusal } from "./refusal.ts";
import type { Framing } from "./request-head.ts";

/** Of what comes after a head, that which belongs to its body. */
export type BodyPart = (chunk: Buffer) => Buffer;

/**
 * A second request behind the body was never judged, so that nothing beyond the end goes out. Throws the
 * refusal where chunks are not written as everybody reads them.
 */
export function createBodyPart(framing: Framing): BodyPart {
  if (framing.kind === "chunked") return createChunkedPart();
  let left = framing.bytes;
  return (chunk) => {
    const part = chunk.subarray(0, left);
    left -= part.length;
    return part;
  };
}

/** Size in hex, CRLF, as many bytes, CRLF; the last has none. Neither extensions nor trailers. */
function createChunkedPart(): BodyPart {
  let line = "";
  let left = 0;
  let state: "size" | "bytes" | "after" | "last" | "ended" = "size";

  function endLine(): void {
    const text = line;
    line = "";
    if (state === "size") {
      if (!/^[0-9a-fA-F]{1,8}\r\n$/.test(text)) throw malformed();
      left = Number.parseInt(text, 16);
      state = left === 0 ? "last" : "bytes";
    } else {
      if (text !== "\r\n") throw malformed();
      state = state === "last" ? "ended" : "size";
    }
  }

  return (chunk) => {
    let at = 0;
    while (at < chunk.length && state !== "ended") {
      if (state === "bytes") {
        const count = Math.min(left, chunk.length - at);
        [at, left] = [at + count, left - count];
        if (left === 0) state = "after";
        continue;
      }
      line += String.fromCharCode(chunk[at]!);
      at += 1;
      if (line.endsWith("\n")) endLine();
      else if (line.length > 9) throw malformed();
    }
    return chunk.subarray(0, at);
  };
}

function malformed(): EgressRefusal {
  return new EgressRefusal("malformed", "a chunk of the body is not well formed");
}
