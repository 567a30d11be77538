import type { Gate } from "../ports/gate.ts";

/** A gate that knows how many exchanges it has begun and not ended: what they stand on stays till then. */
export function countExchanges<Counted extends Gate>(
  gate: Counted,
): { readonly gate: Counted; readonly underWay: () => number } {
  let count = 0;
  const exchange: Gate["exchange"] = async (request) => {
    count += 1;
    try {
      return await gate.exchange(request);
    } finally {
      count -= 1;
    }
  };
  return { gate: { ...gate, exchange }, underWay: () => count };
}
