const scopeShape = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** RFC 6749 §3.3: no space, no quote, no backslash. */
export function isScope(text: string): boolean {
  return scopeShape.test(text);
}
