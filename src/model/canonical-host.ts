/** A host as the WHATWG URL parser understands it, so that every spelling of it is one. */
export type CanonicalHost =
  | { readonly kind: "name"; readonly host: string }
  | { readonly kind: "address"; readonly host: string }
  | { readonly kind: "refused"; readonly why: string };

/** Takes a name or an address; IPv6 with brackets or without. */
export function toCanonicalHost(text: string): CanonicalHost {
  if (text === "") return refuse("has an empty host");
  if (text.endsWith(".")) return refuse("has a host that ends with a dot");
  const isV6 = text.includes(":");
  const bare = isV6 ? text.replace(/^\[(.*)\]$/, "$1") : text;
  // Others than WHATWG unescape, fold or transliterate these to other hosts than it does.
  if (!(isV6 ? /^[0-9a-f:.]{2,45}$/i : /^[a-z0-9._-]{1,253}$/i).test(bare))
    return refuse("has a host that is not plain ASCII; write an international name as xn--");
  const spelled = isV6 ? `[${bare}]` : bare;
  const url = URL.parse(`https://${spelled}/`);
  if (url === null) return refuse("has a host that is no name and no address");
  if (isV6) return { kind: "address", host: unmap(url.hostname.slice(1, -1)) };
  if (/^\d+(?:\.\d+){3}$/.test(url.hostname)) return toAddress(bare, url.hostname);
  return toName(bare.toLowerCase(), url.hostname);
}

function refuse(why: string): CanonicalHost {
  return { kind: "refused", why };
}

/** `010.0.0.1` is 8.0.0.1 to one parser and 10.0.0.1 to another. */
function toAddress(text: string, host: string): CanonicalHost {
  return text.split(".").some((part) => /^0[0-9]/.test(part))
    ? refuse("has an address with leading zeros, which is read in two ways")
    : { kind: "address", host };
}

/** An IPv4-mapped address reaches the IPv4 one. */
function unmap(address: string): string {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (mapped === null) return address;
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function toName(text: string, host: string): CanonicalHost {
  const labels = text.split(".");
  const isPlain = labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label));
  if (!isPlain || host !== text) return refuse("has a host that is no name and no address");
  const isMixed = labels.some((label) => label.startsWith("xn--") && mixesScripts(label));
  return isMixed
    ? refuse("has a host whose xn-- label mixes scripts, as look-alikes do")
    : { kind: "name", host };
}

const scripts = [
  ["Latin", /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Greek", /\p{Script=Greek}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Cherokee", /\p{Script=Cherokee}/u],
  ["Hebrew", /\p{Script=Hebrew}/u],
  ["Arabic", /\p{Script=Arabic}/u],
  // These are written together in Chinese, Japanese and Korean.
  ["East Asian", /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u],
  [
    "other",
    /(?![\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}])\p{L}/u,
  ],
] as const;

function mixesScripts(label: string): boolean {
  const decoded = decodePunycode(label.slice(4));
  if (decoded === null || !/^[\p{L}\p{M}\p{N}·・-]+$/u.test(decoded)) return true;
  return scripts.filter(([, script]) => script.test(decoded)).length > 1;
}

/** RFC 3492. The URL parser has already refused what is not valid; this one is for its letters. */
export function decodePunycode(text: string): string | null {
  const delimiter = text.lastIndexOf("-");
  const output = Array.from(text.slice(0, Math.max(delimiter, 0)), (each) => each.charCodeAt(0));
  let [point, bias, value] = [128, 72, 0];
  let at = delimiter < 0 ? 0 : delimiter + 1;
  while (at < text.length) {
    const before = value;
    for (let weight = 1, k = 36; ; k += 36) {
      const digit = toDigit(text.charCodeAt(at++));
      if (digit === null) return null;
      value += digit * weight;
      const threshold = Math.min(26, Math.max(1, k - bias));
      if (digit < threshold) break;
      weight *= 36 - threshold;
    }
    const length = output.length + 1;
    bias = adapt(value - before, { length, isFirst: before === 0 });
    point += Math.floor(value / length);
    value %= length;
    if (point > 0x10ffff) return null;
    output.splice(value++, 0, point);
  }
  return String.fromCodePoint(...output);
}

function toDigit(code: number): number | null {
  if (code >= 97 && code <= 122) return code - 97;
  return code >= 48 && code <= 57 ? code - 22 : null;
}

function adapt(delta: number, place: { length: number; isFirst: boolean }): number {
  let rest = Math.floor(delta / (place.isFirst ? 700 : 2));
  rest += Math.floor(rest / place.length);
  let k = 0;
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}
