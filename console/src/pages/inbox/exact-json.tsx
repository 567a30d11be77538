import { InertParts } from "../../ui/inert.tsx";
import { linesAtFirst, type FoldedLine, type Unfolded } from "./fold-lines.ts";

export interface ExactJsonProps {
  readonly lines: readonly FoldedLine[];
  readonly unfolded: Unfolded;
  readonly onUnfold: (unfolded: Unfolded) => void;
}

/** Exactly what would be sent, over several lines. */
export function ExactJson({ lines, unfolded, onUnfold }: ExactJsonProps) {
  const shown = unfolded.allLines ? lines : lines.slice(0, linesAtFirst);
  const hidden = lines.length - shown.length;
  return (
    <div data-part="arguments" className="font-mono text-[0.8125rem] leading-relaxed">
      {shown.map((line, index) => (
        <div
          key={index}
          className="-indent-4 wrap-anywhere whitespace-pre-wrap"
          style={{ paddingLeft: `min(${line.depth * 1.1 + 1}rem, 50%)` }}
        >
          <InertParts parts={line.first} />
          {line.rest.length === 0 ? null : unfolded.lines.has(index) ? (
            <Rest blocks={line.rest} />
          ) : (
            <More
              label={`Show all: ${line.restLetters.toLocaleString("en")} more characters`}
              onClick={() => onUnfold({ ...unfolded, lines: new Set([...unfolded.lines, index]) })}
            />
          )}
        </div>
      ))}
      {hidden === 0 ? null : (
        <More
          label={`Show all: ${hidden.toLocaleString("en")} more lines`}
          onClick={() => onUnfold({ ...unfolded, allLines: true })}
        />
      )}
    </div>
  );
}

function Rest({ blocks }: { readonly blocks: FoldedLine["rest"] }) {
  const [only] = blocks;
  if (blocks.length === 1 && only !== undefined) return <InertParts parts={only} />;
  return blocks.map((parts, index) => (
    <span
      key={index}
      className="block indent-0 [contain-intrinsic-size:auto_30rem] [content-visibility:auto]"
    >
      <InertParts parts={parts} />
    </span>
  ));
}

function More({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return (
    <button
      type="button"
      className="my-1 rounded-md border border-line-strong bg-raised px-2 py-0.5 indent-0 font-sans text-xs font-medium hover:bg-hover"
      onClick={onClick}
    >
      {label}
    </button>
  );
}
