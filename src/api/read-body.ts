import type { IncomingMessage } from "node:http";
import { Fault } from "../model/index.ts";

/** The body, counted as it comes: what a client says of its length is only a first hint. */
export function readBody(incoming: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  if (Number(incoming.headers["content-length"] ?? 0) > limitBytes) {
    return Promise.reject(tooLarge(limitBytes));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const stop = (error: Fault): void => {
      // The socket stays: the refusal is still to be written on it.
      incoming.pause();
      incoming.removeAllListeners("data");
      reject(error);
    };
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limitBytes) stop(tooLarge(limitBytes));
      else chunks.push(chunk);
    });
    incoming.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    const cut = (cause?: Error): void => {
      reject(new Fault("request_invalid", "The body ended before it was whole.", { cause }));
    };
    incoming.once("error", cut);
    incoming.once("close", () => {
      if (!incoming.complete) cut();
    });
  });
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
