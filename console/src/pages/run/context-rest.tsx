import type { RunContext } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { toDuration } from "../../words/to-duration.ts";
import type { KnownFact } from "./known-facts.ts";

const whyWords: Readonly<Record<string, string>> = {
  superseded: "a newer version of it stands there",
  compacted: "a summary stands in its place",
  shortened: "it is there, but not as long as it is",
  not_offered: "the tool may not be called any more",
  searched_for: "there are too many tools: the model looks for them",
};

const rowsShown = 200;

/** What is left out since the snapshot before, and why. */
export function Dropped({ context: { dropped, step } }: { readonly context: RunContext }) {
  if (dropped.length === 0) return null;
  return (
    <Section
      title="What was left out since the snapshot before"
      aside={dropped.length > rowsShown ? `the last ${rowsShown} of ${dropped.length}` : null}
    >
      <Table
        label={`What was left out at step ${step}`}
        rows={dropped.slice(-rowsShown).map((row, at) => ({ ...row, at }))}
        keyOf={({ at }) => String(at)}
        columns={[
          { title: "Kind", cell: ({ kind }) => kind.replaceAll("_", " ") },
          { title: "Name", cell: ({ name }) => (name === null ? "" : <Inert text={name} />) },
          {
            title: "Of",
            cell: (row) => `${row.step}.${row.ordinal}`,
            numeric: true,
            wide: true,
          },
          {
            title: "Why",
            cell: ({ why }) => (Object.hasOwn(whyWords, why) ? whyWords[why] : why),
          },
        ]}
      />
    </Section>
  );
}

/** What stands in the place of all before a step. */
export function Summary({
  context: { summary },
  isLive,
}: {
  readonly context: RunContext;
  readonly isLive: boolean;
}) {
  if (summary === null) return null;
  const { upTo, text, ledger } = summary;
  const hidden = isLive
    ? "Your role may not see the texts of this run."
    : "The text is not in the file: it was exported without --contents.";
  return (
    <Section title={`In the place of all before step ${upTo}`}>
      <div className="grid gap-4 md:grid-cols-2">
        <Words title="Summary, by a model" text={text ?? hidden} />
        <Words title="Ledger of calls, by no model" text={ledger ?? hidden} />
      </div>
    </Section>
  );
}

function Words({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <div className="min-w-0">
      <h3 className="mb-1 text-xs font-medium text-muted">{title}</h3>
      <pre
        tabIndex={0}
        aria-label={title}
        className="max-h-80 overflow-y-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs whitespace-pre-wrap"
      >
        <Inert text={text} lines />
      </pre>
    </div>
  );
}

const againWords = {
  same: { tone: "ok", text: "read again, the same" },
  changed: { tone: "danger", text: "read again, and changed" },
  gone: { tone: "danger", text: "read again, and gone" },
} as const;

/** How old what the run knows of things was when the model was asked. */
export function KnownFacts({ facts }: { readonly facts: readonly KnownFact[] }) {
  if (facts.length === 0) return null;
  return (
    <Section
      title="Facts that it knew then"
      aside={facts.length > rowsShown ? `the oldest ${rowsShown} of ${facts.length}` : null}
    >
      <Table
        label="Facts that it knew then"
        rows={facts.slice(0, rowsShown)}
        keyOf={({ key }) => key}
        columns={[
          { title: "Fact", cell: ({ key }) => <Inert text={key} /> },
          { title: "Read in", cell: ({ step, ordinal }) => `${step}.${ordinal}`, numeric: true },
          { title: "Age", cell: ({ ageMs }) => toDuration(ageMs), numeric: true },
          {
            title: "Since then",
            cell: ({ isTouched, again }) =>
              isTouched ? (
                <Badge tone="warn">a call may have changed it</Badge>
              ) : again === null ? (
                ""
              ) : (
                <Badge tone={againWords[again].tone}>{againWords[again].text}</Badge>
              ),
          },
        ]}
      />
    </Section>
  );
}
