export interface Cleaned {
  readonly text: string;
  /** Characters that nobody sees, taken out. */
  readonly hidden: number;
}

/**
 * What a person sees of a text. Characters without a shape of their own carry words past whoever reads, and
 * past the search: those that turn the direction, that join, that are tags, that belong to nobody.
 */
export function cleanText(text: string): Cleaned {
  let hidden = 0;
  const cleaned = text
    .replace(/^\uFEFF/, "")
    .replaceAll("\r\n", "\n")
    .replace(unseen, () => {
      hidden += 1;
      return "";
    });
  return { text: cleaned, hidden };
}

/** All controls but line break and tab. */
const unseen =
  /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029]/gu;
