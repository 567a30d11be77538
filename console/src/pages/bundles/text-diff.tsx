import { Inert } from "../../ui/inert.tsx";
import { diffLines, toHunks } from "./diff-lines.ts";
import type { TextPair } from "./find-texts.ts";

const looks = {
  same: { box: "text-muted", mark: " ", word: "" },
  removed: { box: "bg-danger-soft text-danger", mark: "−", word: "removed: " },
  added: { box: "bg-ok-soft text-ok", mark: "+", word: "added: " },
} as const;

/** Two texts, line by line. What they hide is named where it stands. */
export function TextDiff({ label, texts }: { readonly label: string; readonly texts: TextPair }) {
  const hunks = toHunks(diffLines(texts.before, texts.after));
  return (
    <div
      role="region"
      aria-label={label}
      tabIndex={0}
      className="max-h-96 overflow-auto rounded-md border border-line bg-surface font-mono text-xs leading-5"
    >
      {hunks.map(({ hidden, lines }, index) => (
        <div key={index}>
          {hidden === 0 ? null : (
            <p className="border-y border-line bg-sunken px-3 text-muted first:border-t-0">
              {hidden === 1 ? "one line" : `${hidden} lines`} the same
            </p>
          )}
          {lines.map(({ kind, text }, at) => (
            <div key={at} className={`flex gap-2 px-3 ${looks[kind].box}`}>
              <span aria-hidden="true" className="w-2 shrink-0 select-none">
                {looks[kind].mark}
              </span>
              <span className="sr-only">{looks[kind].word}</span>
              <span className="min-w-0 break-words whitespace-pre-wrap">
                {text === "" ? " " : <Inert text={text} />}
              </span>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
