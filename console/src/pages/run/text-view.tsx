import { useState } from "react";
import { Inert } from "../../ui/inert.tsx";
import { toBytes } from "../../words/to-amount.ts";
import { cutText, toPretty } from "./parse-kept.ts";

export interface TextViewProps {
  readonly text: string;
  /** Of what it is, for whoever cannot see where it stands. */
  readonly label: string;
}

/** Longer than this is for the export: a page that draws it would stand still. */
const mostShown = 1_000_000;

/** Somebody's text as text: lines kept, JSON in lines of its own, a long one cut until it is asked for. */
export function TextView({ text, label }: TextViewProps) {
  const [isWhole, setWhole] = useState(false);
  const pretty = toPretty(text);
  const { text: beginning, left } = cutText(pretty.text);
  const shown = isWhole ? pretty.text.slice(0, mostShown) : beginning;
  const look = pretty.isJson ? "font-mono text-xs" : "text-sm";
  if (text === "") return <p className="text-sm text-muted">(empty)</p>;
  return (
    <div className="min-w-0">
      <div
        role={isWhole ? "region" : undefined}
        aria-label={isWhole ? label : undefined}
        tabIndex={isWhole ? 0 : undefined}
        className={`${look} break-words whitespace-pre-wrap [overflow-wrap:anywhere] ${isWhole ? "max-h-[70vh] overflow-y-auto" : ""}`}
      >
        <Inert text={shown} lines escapes={pretty.isJson} />
        {isWhole || left === 0 ? null : "…"}
      </div>
      {left === 0 ? null : (
        <button
          type="button"
          className="mt-1.5 text-xs text-accent hover:underline"
          onClick={() => setWhole(!isWhole)}
        >
          {isWhole ? "Show less" : `Show all of ${label} (${toBytes(text.length)})`}
        </button>
      )}
      {isWhole && pretty.text.length > mostShown ? (
        <p className="mt-1 text-xs text-warn">
          It goes on: `countersign runs export --contents` has the rest.
        </p>
      ) : null}
    </div>
  );
}
