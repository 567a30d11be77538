import { spawnSync } from "node:child_process";
import { places, type AttachRequest } from "./start-request.ts";

/**
 * A restored machine has the time and the chance of the moment when it was copied, as all its siblings
 * have. Both are set by a program of ours, since Node cannot ask a device for anything.
 */
export function attach({ entropy, nowMs }: AttachRequest): { readonly status: number } {
  const random = Buffer.from(entropy, "base64");
  const input = Buffer.alloc(headBytes + random.length);
  input.writeBigInt64LE(BigInt(Math.floor(nowMs / 1000)), 0);
  input.writeBigInt64LE(BigInt(nowMs % 1000) * 1_000_000n, 8);
  input.writeInt32LE(random.length * 8, 16);
  input.writeInt32LE(random.length, 20);
  random.copy(input, headBytes);
  const { status } = spawnSync(`${places.guest}/reseed`, [], { input, env: {}, timeout: 10_000 });
  return { status: status ?? -1 };
}

/** Seconds and nanoseconds, then how many bits there are in how many bytes. */
const headBytes = 24;
