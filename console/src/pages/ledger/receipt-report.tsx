import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Story } from "./story.tsx";
import { toChecks, type Check } from "./to-checks.ts";
import { toStory } from "./to-story.ts";
import { TrustForm } from "./trust-form.tsx";
import type { ChosenTrust } from "./use-trust.ts";
import { useVerification, type Verification } from "./use-verification.ts";

export interface ReceiptReportProps {
  readonly text: string;
  readonly trust: ChosenTrust | null;
}

/** A receipt, computed in this page: what holds, what happened, what it proves and what it does not. */
export function ReceiptReport({ text, trust }: ReceiptReportProps) {
  const verification = useVerification(text, trust);
  const report = verification.kind === "reported" ? verification.report : null;
  const checks = report === null ? null : <Checks checks={toChecks(report, text)} />;
  return (
    <>
      <div className="mb-6 grid gap-3">
        <Verdict verification={verification} trust={trust} />
        <TrustForm chosen={trust} />
      </div>
      {report?.verified === true ? (
        <div className="grid items-start gap-x-6 xl:grid-cols-[minmax(0,1fr)_24rem]">
          <div className="min-w-0">
            <Section title="What happened">
              <Story steps={toStory(text)} />
            </Section>
            <div className="grid gap-x-6 lg:grid-cols-2">
              <Section title="What it proves">
                <Lines lines={report.proves} mark="✓" tone="text-ok" />
              </Section>
              <Section title="What it does not prove">
                <Lines lines={report.doesNotProve} mark="–" tone="text-muted" />
              </Section>
            </div>
          </div>
          <Section title="Checks" aside="computed in this page">
            {checks}
          </Section>
        </div>
      ) : (
        checks
      )}
    </>
  );
}

function Verdict({
  verification,
  trust,
}: {
  readonly verification: Verification;
  readonly trust: ChosenTrust | null;
}) {
  if (verification.kind === "verifying") return <Skeleton rows={2} />;
  if (verification.kind === "unable")
    return (
      <p role="alert" className="rounded-md bg-warn-soft px-3 py-2 text-warn">
        Not verified. {verification.why}
      </p>
    );
  const { verified, problems } = verification.report;
  if (!verified)
    return (
      <div role="alert" className="rounded-md bg-danger-soft px-4 py-3">
        <p className="text-base font-semibold text-danger">Refused: this proves nothing</p>
        <p className="mt-1 text-sm">
          {problems.length === 1 ? "One check fails" : `${problems.length} checks fail`}, so nothing
          of what it says is shown. The first:{" "}
          <strong>
            {problems[0]?.place}: <Inert text={problems[0]?.text ?? ""} />
          </strong>
          .
        </p>
      </div>
    );
  const isOwn = trust?.from === "reader";
  return (
    <p
      role="status"
      className={`rounded-md px-4 py-3 text-base font-semibold ${isOwn ? "bg-ok-soft text-ok" : "bg-info-soft text-info"}`}
    >
      {isOwn ? "Verified with your key" : "Verified with this server's own key"}
    </p>
  );
}

const marks = {
  holds: { tone: "ok", word: "holds" },
  fails: { tone: "danger", word: "fails" },
  void: { tone: "neutral", word: "void" },
} as const;

function Checks({ checks }: { readonly checks: readonly Check[] }) {
  return (
    <ul aria-label="Checks" className="-my-2 divide-y divide-line">
      {checks.map(({ name, means, state, problems }) => (
        <li key={name} className="flex items-start gap-3 py-2">
          <span className="w-14 shrink-0 pt-0.5">
            <Badge tone={marks[state].tone}>{marks[state].word}</Badge>
          </span>
          <div className="min-w-0 text-sm">
            <p className="font-medium">{name}</p>
            {problems.length === 0 ? (
              <p className="break-words text-muted">{means}</p>
            ) : (
              problems.map((problem) => (
                <p key={problem} className="break-words text-danger">
                  <Inert text={problem} />
                </p>
              ))
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

interface LinesProps {
  readonly lines: readonly string[];
  readonly mark: string;
  readonly tone: string;
}

function Lines({ lines, mark, tone }: LinesProps) {
  return (
    <ul className="grid gap-2 text-sm">
      {lines.map((text) => (
        <li key={text} className="flex gap-2.5">
          <span aria-hidden="true" className={tone}>
            {mark}
          </span>
          <span className="min-w-0 break-words">
            <Inert text={text} />
          </span>
        </li>
      ))}
    </ul>
  );
}
