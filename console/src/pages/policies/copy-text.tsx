import { useState } from "react";
import { Button } from "../../ui/button.tsx";

/** A whole text into the clipboard, at one click. */
export function CopyText({ text, title }: { readonly text: string; readonly title: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <Button
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 1_500);
        });
      }}
    >
      {isCopied ? "Copied" : title}
    </Button>
  );
}
