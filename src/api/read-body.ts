import type { IncomingMessage } from "node:http";
import { Fault } from "../model/index.ts";

/** The body, counted as it comes: what a client says of its length is only a first hint. */
export async function readBody(incoming: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  if (Number(incoming.headers["content-length"] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Leaving the loop must not destroy the socket: the refusal is still to be written on it.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > limitBytes) throw tooLarge(limitBytes);
      chunks.push(chunk as Buffer);
    }
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("request_invalid", "The body ended before it was whole.", { cause });
  }
  return Buffer.concat(chunks);
}

/** UTF-8 or nothing: a replacement character would change what was sent. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Fault("request_invalid", "The body is not UTF-8.", { cause });
  }
}

function tooLarge(limitBytes: number): Fault {
  return new Fault("payload_too_large", `The body is larger than ${limitBytes} bytes.`, {
    details: { limitBytes },
  });
}
