import type { Duplex } from "node:stream";

/** The next bytes of a side; null: it has said all. */
export type NextBytes = () => Promise<Buffer | null>;

/** Reads only when asked, so that who does not take what comes slows down who sends it. */
export function readSide(socket: Duplex): NextBytes {
  // A side that has said all may still wait for the answer.
  const chunks = socket.iterator({ destroyOnReturn: false });
  return async () => {
    const step: IteratorResult<Buffer, undefined> = await chunks.next();
    return step.value ?? null;
  };
}
