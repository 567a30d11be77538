import type { Random } from "../../ports/random.ts";

/** Numbers that no other write carries: after a lost connection they say which rows are ours. */
export interface Tokens {
  next(): bigint;
}

/** 31 random bits for this process and a counter of 32, renewed when it runs over. */
export function createTokens(random: Random): Tokens {
  let high = drawHigh(random);
  let low = 0;
  return {
    next() {
      low += 1;
      if (low === 2 ** 32) {
        high = drawHigh(random);
        low = 0;
      }
      return high | BigInt(low);
    },
  };
}

function drawHigh(random: Random): bigint {
  const bytes = random.bytes(4);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) & 0x7fff_ffff;
  return BigInt(value) << 32n;
}
