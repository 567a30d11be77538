/** Of two vectors of the same length; 0 where one of them has no direction. */
export function toCosine(one: Float32Array, other: Float32Array): number {
  if (one.length !== other.length) throw new Error("vectors of two lengths are not comparable");
  let dot = 0;
  let ofOne = 0;
  let ofOther = 0;
  for (let at = 0; at < one.length; at += 1) {
    const [left, right] = [one[at]!, other[at]!];
    dot += left * right;
    ofOne += left * left;
    ofOther += right * right;
  }
  return ofOne === 0 || ofOther === 0 ? 0 : dot / Math.sqrt(ofOne * ofOther);
}
