import { toInertSegments, type InertOptions } from "../../../src/lib/inert-text.ts";

export type InertPart = ReturnType<typeof toInertSegments>[number];

/** Text of somebody else's: what it hides is named where it stands, and nothing of it is markup. */
export function Inert({
  text,
  lines = false,
  escapes = false,
}: InertOptions & { readonly text: string }) {
  return (
    <span className="wrap-anywhere whitespace-pre-wrap [unicode-bidi:isolate]">
      <InertParts parts={toInertSegments(text, { lines, escapes })} />
    </span>
  );
}

/** The same where there is room for one line, and what is longer is cut. */
export function InertLine({ text }: { readonly text: string }) {
  return <InertParts parts={toInertSegments(text)} />;
}

export function InertParts({ parts }: { readonly parts: readonly InertPart[] }) {
  return parts.map((part, index) => <Part key={index} part={part} />);
}

function Part({ part: { text, mark, name } }: { readonly part: InertPart }) {
  if (mark === null) return text;
  // What is read from the right is set apart, so that it does not move what stands beside it.
  if (name === null) return <bdi className="border-b border-dotted border-warn">{text}</bdi>;
  return (
    <mark className="rounded bg-warn-soft px-0.5 text-warn [direction:ltr] [unicode-bidi:isolate]">
      {text}
    </mark>
  );
}
