import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { PolicyTest } from "../../../../src/client/client.ts";
import { Fault } from "../../../../src/model/fault.ts";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";

const example = `cases:
  - name: a payment that finance looks at
    as: { subject: ada, roles: [payer] }
    tool: bank__pay
    args: { amount: 700, currency: EUR, to: shop }
    expect: ask
    rule: pay-ask`;

type Case = PolicyTest["cases"][number];
const tones = { passed: "ok", failed: "danger", wrong: "warn" } as const;

/** Cases that are pasted in, against the rules that serve. */
export function CasesView() {
  const client = useClient();
  const [text, setText] = useState("");
  const run = useMutation({
    mutationFn: async () =>
      (await client.testPolicy({ body: JSON.stringify({ cases: text }) })).body,
  });
  const result = run.data;
  return (
    <div className="grid items-start gap-x-6 xl:grid-cols-2">
      <Section title="Cases as YAML" aside="policy.cases.yaml">
        <Field
          label="Cases as YAML"
          hideLabel
          rows={18}
          mono
          value={text}
          placeholder={example}
          onChange={setText}
        />
        <div className="mt-3 flex flex-wrap gap-2">
          <Button
            look="accent"
            reason={text.trim() === "" ? "Paste cases, or begin with the example." : null}
            busy={run.isPending}
            onClick={() => run.mutate()}
          >
            Run cases
          </Button>
          {text === "" ? (
            <Button look="quiet" onClick={() => setText(example)}>
              Begin with an example
            </Button>
          ) : null}
        </div>
        <p className="mt-3 text-xs text-muted">
          <code className="font-mono">countersign policy test</code> runs the same beside your
          configuration, and in your pipeline.
        </p>
      </Section>
      <div className="min-w-0">
        {run.error === null ? null : <Refused error={run.error} />}
        {result === undefined ? null : (
          <Section
            title="Results"
            aside={
              <>
                <Badge tone="ok">{result.passed} passed</Badge>
                {result.failed > 0 ? <Badge tone="danger">{result.failed} failed</Badge> : null}
                {result.wrong > 0 ? <Badge tone="warn">{result.wrong} wrong</Badge> : null}
              </>
            }
          >
            <Table
              label="Results of the cases"
              rows={result.cases}
              keyOf={({ name, line }) => `${line}${name}`}
              columns={[
                { title: "Case", cell: (each) => <CaseCell each={each} /> },
                {
                  title: "Outcome",
                  cell: ({ outcome }) => <Badge tone={tones[outcome]}>{outcome}</Badge>,
                },
                { title: "Expected", cell: ({ expected }) => expected },
                { title: "Came", cell: ({ came }) => came?.decision ?? "–" },
              ]}
            />
          </Section>
        )}
      </div>
    </div>
  );
}

function CaseCell({ each: { name, line, problems, came } }: { readonly each: Case }) {
  return (
    <div className="min-w-48">
      <p>
        <Inert text={name} />
      </p>
      <p className="text-xs text-muted">
        line {line}
        {came === null || came.rules.length === 0 ? "" : ` · ${came.rules.join(", ")}`}
      </p>
      {problems.map((problem) => (
        <p key={problem} className="text-xs text-danger">
          <Inert text={problem} />
        </p>
      ))}
    </div>
  );
}

interface Problem {
  readonly line: number;
  readonly message: string;
}

/** Cases that cannot be read are refused with the lines. */
function Refused({ error }: { readonly error: Error }) {
  const problems = error instanceof Fault ? toProblems(error.details["problems"]) : [];
  return (
    <div className="mb-6">
      <FaultNotice error={error} />
      <ul className="mt-2 grid gap-1 text-sm">
        {problems.map(({ line, message }) => (
          <li key={`${line}${message}`}>
            <span className="text-danger tabular-nums">line {line}</span> <Inert text={message} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function toProblems(given: unknown): readonly Problem[] {
  if (!Array.isArray(given)) return [];
  return (given as readonly Partial<Problem>[]).flatMap(({ line, message }) =>
    typeof line === "number" && typeof message === "string" ? [{ line, message }] : [],
  );
}
