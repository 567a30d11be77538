import { useState } from "react";

export type Copied = "not yet" | "copied" | "refused";

const saidMs = 1_500;

/** Into the clipboard, which a browser may refuse, and does not have at all on a site without TLS. */
export function useCopy(text: string): readonly [Copied, () => void] {
  const [copied, setCopied] = useState<Copied>("not yet");
  const copy = async (): Promise<void> => {
    const isWritten = await writeText(text);
    setCopied(isWritten ? "copied" : "refused");
    setTimeout(() => setCopied("not yet"), saidMs);
  };
  return [copied, () => void copy()];
}

async function writeText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
