import { useState } from "react";
import { toShort } from "../words/to-amount.ts";

/** A digest or an id: its beginning, the whole of it at a click. */
export function Copy({ text, label }: { readonly text: string; readonly label: string }) {
  const [isCopied, setCopied] = useState(false);
  const shown = isCopied ? "copied" : toShort(text);
  return (
    <button
      type="button"
      title={text}
      // What is seen is a part of the name, for those who say what they want to press.
      aria-label={`${shown}: copy the ${label}`}
      className="rounded font-mono text-xs text-muted hover:text-ink"
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 1_500);
        });
      }}
    >
      {shown}
    </button>
  );
}
