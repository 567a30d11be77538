import { Inert } from "../../ui/inert.tsx";

/** A long text as it is, with what it hides named. */
export function TextBlock({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <pre
      tabIndex={0}
      role="region"
      aria-label={label}
      className="max-h-96 overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs break-words whitespace-pre-wrap"
    >
      {text === "" ? <span className="text-muted">empty</span> : <Inert text={text} lines />}
    </pre>
  );
}
