/**
 * Whether a JSON number survives a double: what is written must be, as a decimal, exactly what
 * ECMAScript (and so RFC 8785) writes for the double it is read as. `1.50`, `1e3` and `0.1` do;
 * `0.10000000000000001`, `1e400` and `1e-400` do not, because a reader that keeps decimals would see
 * another value than the one that was decided on.
 *
 * The strict parser refuses one kind more: whole numbers that the canonical form writes in digits
 * (below 1e21) and that lie beyond ±(2^53 − 1). Their double may be the neighbour's, so whether
 * `9007199254740992` was meant or `…993` cannot be told once it has been read anywhere.
 */
export function keepsDecimal(literal: string, value: number): boolean {
  // Fifteen digits always survive where no exponent moves them out of range.
  if (literal.length <= 16 && !/[eE]/.test(literal)) return true;
  const written = String(value);
  return written === literal || toDecimal(written) === toDecimal(literal);
}

const shape = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Sign, digits without outer zeros, and the exponent of the last digit: one text a decimal value. */
function toDecimal(literal: string): string | null {
  const parts = shape.exec(literal);
  if (parts === null) return null;
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts;
  const digits = `${whole}${fraction}`;
  // By hand: an expression for trailing zeros takes quadratic time on hostile digits.
  let [from, to] = [0, digits.length];
  while (digits[from] === "0") from += 1;
  if (from === to) return "0";
  while (digits[to - 1] === "0") to -= 1;
  const scale = Number(exponent) - fraction.length + digits.length - to;
  return `${sign}${digits.slice(from, to)}e${scale}`;
}
