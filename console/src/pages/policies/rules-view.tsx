import { useEffect, useRef } from "react";
import type { PolicyCheck } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { useSearchText } from "../servers/use-search-text.ts";
import type { ServingPolicy } from "./policy-queries.ts";
import { splitRules, type RuleText } from "./split-rules.ts";
import type { CedarKind } from "./tokenize-cedar.ts";

export interface RulesViewProps {
  readonly serving: ServingPolicy;
  readonly check: PolicyCheck | null;
}

type Finding = PolicyCheck["warnings"][number];

export function RulesView({ serving: { texts, rule }, check }: RulesViewProps) {
  const chosen = useSearchText("rule");
  if (texts.length === 0) return <NoRules rule={rule} />;
  const found: readonly Finding[] = check === null ? [] : [...check.problems, ...check.warnings];
  const elsewhere = found.filter(
    ({ key }) => !texts.some(({ name }) => key === `policy.rules.${name}`),
  );
  return (
    <>
      {elsewhere.length === 0 ? null : (
        <div className="mb-6">
          <Findings found={elsewhere} />
        </div>
      )}
      {texts.map(({ name, text }) => (
        <RulesOfText
          key={name}
          name={name}
          rules={splitRules(text)}
          chosen={chosen}
          found={found.filter(({ key }) => key === `policy.rules.${name}`)}
        />
      ))}
    </>
  );
}

function NoRules({ rule }: { readonly rule: string }) {
  return (
    <Empty
      title={rule === "allow-all" ? "Everything is allowed" : "Nothing is allowed"}
      command={"countersign init\ncountersign policy check\ncountersign apply"}
    >
      {rule === "allow-all"
        ? "No rules are written and policy.rule is allow-all: every caller may call every tool that is not blocked."
        : "No rules are written, and what no rule permits is denied."}{" "}
      Rules are Cedar texts under <code className="font-mono text-xs">policy.rules</code> of
      countersign.yaml. <code className="font-mono text-xs">countersign init</code> writes some to
      start from: reads pass, effects are asked for, what destroys is denied.
    </Empty>
  );
}

interface RulesOfTextProps {
  readonly name: string;
  readonly rules: readonly RuleText[];
  readonly chosen: string | null;
  readonly found: readonly Finding[];
}

function RulesOfText({ name, rules, chosen, found }: RulesOfTextProps) {
  return (
    <Section
      title={name}
      aside={
        <>
          {found.length > 0 ? (
            <Badge tone="warn">
              {found.length} {found.length === 1 ? "warning" : "warnings"}
            </Badge>
          ) : null}
          {rules.length} {rules.length === 1 ? "rule" : "rules"}
        </>
      }
    >
      {found.length === 0 ? null : <Findings found={found} />}
      <ol className="grid gap-3">
        {rules.map((rule) => (
          <li key={rule.line} className="min-w-0">
            <Rule rule={rule} isChosen={chosen !== null && rule.id === chosen} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

const colours: Readonly<Record<CedarKind, string>> = {
  annotation: "text-info",
  comment: "text-muted italic",
  string: "text-ok",
  keyword: "font-semibold text-accent",
  variable: "text-warn",
  entity: "text-info",
  number: "text-warn",
  plain: "",
};

function Rule({ rule, isChosen }: { readonly rule: RuleText; readonly isChosen: boolean }) {
  const { id, effect, line, tokens } = rule;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isChosen) box.current?.scrollIntoView({ block: "center" });
  }, [isChosen]);
  return (
    <div
      ref={box}
      className={`overflow-hidden rounded-md border ${isChosen ? "border-accent" : "border-line"}`}
    >
      <div className="flex flex-wrap items-center gap-2 border-b border-line bg-sunken px-3 py-1.5">
        {effect === null ? null : (
          <Badge tone={effect === "permit" ? "ok" : "danger"}>{effect}</Badge>
        )}
        <span className="font-mono text-xs font-medium">
          {id === null ? <span className="text-muted">without @id</span> : <Inert text={id} />}
        </span>
        <span className="ml-auto text-xs text-muted">line {line}</span>
      </div>
      <pre
        tabIndex={0}
        aria-label={`Rule ${id ?? `of line ${line}`}`}
        className="overflow-x-auto px-3 py-2 font-mono text-xs leading-5"
      >
        {tokens.map(({ kind, text }, index) => (
          <span key={index} className={colours[kind]}>
            <Inert text={text} lines />
          </span>
        ))}
      </pre>
    </div>
  );
}

function Findings({ found }: { readonly found: readonly Finding[] }) {
  return (
    <ul className="mb-4 grid gap-1 rounded-lg border border-warn/40 bg-warn-soft px-4 py-2.5 text-sm">
      {found.map(({ line, key, message, suggestion }) => (
        <li key={`${key}${line}${message}`}>
          <span className="text-warn tabular-nums">line {line}</span> <Inert text={message} />
          {suggestion === null ? null : (
            <>
              {" "}
              Meant: <Inert text={suggestion} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
