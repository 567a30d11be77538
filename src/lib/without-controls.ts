/** Text of somebody else's for a terminal: it is read, and cannot act. The tab and the line break stay. */
export function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (sign) => {
    if (sign === "\t" || sign === "\n") return sign;
    const code = sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `⟦U+${code}⟧`;
  });
}
