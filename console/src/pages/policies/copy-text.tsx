import { Button } from "../../ui/button.tsx";
import { useCopy } from "../../ui/use-copy.ts";

/** A whole text into the clipboard, at one click. */
export function CopyText({ text, title }: { readonly text: string; readonly title: string }) {
  const [copied, copy] = useCopy(text);
  return (
    <Button onClick={copy}>
      {copied === "copied" ? "Copied" : copied === "refused" ? "Not copied" : title}
    </Button>
  );
}
