import { Link } from "@tanstack/react-router";
import type { PolicyExplanation } from "../../../../src/client/client.ts";
import type { Obligation } from "../../../../src/model/decision.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { CopyText } from "./copy-text.tsx";
import type { Question } from "./question.ts";
import { decisionTones, hasHeld, toObligationWords, toWhy } from "./rule-words.ts";
import { toCaseYaml } from "./to-case-yaml.ts";

export interface ExplanationViewProps {
  readonly question: Question;
  readonly explained: PolicyExplanation;
}

const decisionWords = {
  allow: "It would be made.",
  ask: "A person would be asked first.",
  deny: "It would be denied.",
} as const;

export function ExplanationView({ question, explained }: ExplanationViewProps) {
  const { decision, rules, context, slice, target, keptWhy } = explained;
  const sorted = rules.toSorted((a, b) => Number(hasHeld(b)) - Number(hasHeld(a)));
  return (
    <>
      <Section
        title="What policy says"
        aside={<Badge tone={decisionTones[decision.kind]!}>{decision.kind}</Badge>}
      >
        <p role="status" className="mb-3 text-base font-medium">
          {decisionWords[decision.kind]}
        </p>
        <Reasons reasons={decision.reasons} />
        <Facts
          facts={[
            { name: "Tool", value: <Inert text={target.id} /> },
            { name: "Effect", value: `${target.effect}${target.outward ? ", outward" : ""}` },
            ...decision.approvers.map(({ who, quorum, passkey }) => ({
              name: "Approvers",
              value: `${quorum} of ${who}${passkey ? ", with a passkey" : ""}`,
            })),
            ...(decision.obligations as readonly Obligation[]).map((obligation) => ({
              name: "Obligation",
              value: toObligationWords(obligation),
            })),
            { name: "Slice", value: <Copy text={slice} label="digest of the slice" /> },
            { name: "Answer kept", value: keptWhy },
          ]}
        />
      </Section>
      <Section title="Rules about it" aside={`${rules.length}`}>
        {rules.length === 0 ? (
          <p className="text-sm text-muted">
            No rule is about this tool. What no rule permits is denied.
          </p>
        ) : (
          <ol className="grid gap-2">
            {sorted.map((rule) => (
              <li key={rule.id}>
                <RuleRow rule={rule} />
              </li>
            ))}
          </ol>
        )}
      </Section>
      <Section
        title="As a case"
        aside={<CopyText text={toCaseYaml(question, explained)} title="Copy as YAML" />}
      >
        <p className="mb-2 text-sm text-muted">
          In <code className="font-mono text-xs">policy.cases.yaml</code>, under{" "}
          <code className="font-mono text-xs">cases</code>, it is tested with every change.
        </p>
        <pre
          tabIndex={0}
          aria-label="The case as YAML"
          className="overflow-x-auto rounded-md bg-sunken p-3 font-mono text-xs"
        >
          {toCaseYaml(question, explained)}
        </pre>
      </Section>
      <Section title="What the rules were told">
        {context === null ? (
          <p className="text-sm text-muted">
            An argument cannot be told exactly, so no rule that reads it can hold.
          </p>
        ) : (
          <pre
            tabIndex={0}
            aria-label="The context as JSON"
            className="max-h-80 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs"
          >
            <Inert text={JSON.stringify(context, null, 2)} lines escapes />
          </pre>
        )}
      </Section>
    </>
  );
}

function Reasons({ reasons }: { readonly reasons: PolicyExplanation["decision"]["reasons"] }) {
  if (reasons.length === 0) return null;
  return (
    <ul className="mb-4 grid gap-1 text-sm">
      {reasons.map(({ rule, text }) => (
        <li key={rule}>
          <RuleLink id={rule} />: <Inert text={text} />
        </li>
      ))}
    </ul>
  );
}

function RuleLink({ id }: { readonly id: string }) {
  return (
    <Link
      to="/policies"
      search={{ tab: "rules", rule: id }}
      className="font-mono text-xs text-accent underline"
    >
      {id}
    </Link>
  );
}

function RuleRow({ rule }: { readonly rule: PolicyExplanation["rules"][number] }) {
  const isHeld = hasHeld(rule);
  return (
    <div
      className={`rounded-md border border-line px-3 py-2 ${isHeld ? "bg-raised" : "bg-sunken"}`}
    >
      <p className="flex flex-wrap items-center gap-2">
        <Badge tone={rule.effect === "permit" ? "ok" : "danger"}>{rule.effect}</Badge>
        <RuleLink id={rule.id} />
        <Badge tone={isHeld ? "accent" : "neutral"}>{isHeld ? "held" : "did not hold"}</Badge>
        <span className="ml-auto text-xs text-muted">
          {rule.source}, line {rule.line}
        </span>
      </p>
      {toWhy(rule).map((why) => (
        <p key={why} className="mt-1 text-sm text-muted">
          {why}
        </p>
      ))}
    </div>
  );
}
