import { randomFillSync } from "node:crypto";
import type { Random } from "../../ports/random.ts";

/** Asking the system costs the same for ten bytes as for thousands; each byte is given out once. */
const pool = new Uint8Array(8_192);
let at = pool.length;

function take(length: number): Uint8Array {
  if (length > pool.length / 4) return randomFillSync(new Uint8Array(length));
  if (at + length > pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const taken = pool.slice(at, at + length);
  // What was given out is not kept.
  pool.fill(0, at, at + length);
  at += length;
  return taken;
}

export const systemRandom: Random = Object.freeze({
  bytes: take,
  fraction: () => Math.random(),
});
