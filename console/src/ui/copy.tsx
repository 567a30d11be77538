import { toShort } from "../words/to-amount.ts";
import { useCopy } from "./use-copy.ts";

/** A digest or an id: its beginning, the whole of it at a click. */
export function Copy({ text, label }: { readonly text: string; readonly label: string }) {
  const [copied, copy] = useCopy(text);
  const shown =
    copied === "copied" ? "copied" : copied === "refused" ? "not copied" : toShort(text);
  return (
    <button
      type="button"
      title={text}
      // What is seen is a part of the name, for those who say what they want to press.
      aria-label={`${shown}: copy the ${label}`}
      className="rounded font-mono text-xs text-muted hover:text-ink"
      onClick={copy}
    >
      {shown}
    </button>
  );
}
