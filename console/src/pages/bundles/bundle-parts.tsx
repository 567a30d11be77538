import type { Bundle } from "../../../../src/client/client.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { toCount } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";
import { IsolationParts, MemoryParts, SkillParts } from "./bundle-surroundings.tsx";
import { TextBlock } from "./text-block.tsx";
import { toCapsWords, toRouteWords } from "./bundle-words.ts";

export type Parts = Bundle["bundle"];

export const effectTones = {
  read: "neutral",
  write: "warn",
  destructive: "danger",
} as const satisfies Record<string, Tone>;

export function BundleParts({ parts }: { readonly parts: Parts }) {
  const { model, limits } = parts;
  return (
    <>
      <p className="mb-4 max-w-3xl text-sm text-muted">
        <Inert text={parts.description} />
      </p>
      <div className="grid items-start gap-x-6 lg:grid-cols-2">
        <Section title="Model">
          <Facts
            facts={[
              { name: "Alias", value: model.alias },
              { name: "Route", value: toRouteWords(model.route) },
              { name: "Answer", value: `at most ${toCount(model.maxTokens)} tokens` },
              { name: "Temperature", value: model.temperature ?? "the backend's own" },
              {
                name: "Stops at",
                value: model.stop.length === 0 ? "nothing" : <Inert text={model.stop.join(", ")} />,
              },
            ]}
          />
        </Section>
        <Section title="Limits">
          <Facts
            facts={[
              { name: "Budget of a run", value: toCapsWords(limits.caps) },
              { name: "Steps", value: `at most ${limits.maxSteps}` },
              {
                name: "Time",
                value: limits.deadlineMs === null ? "no end" : toDuration(limits.deadlineMs),
              },
              { name: "May wait", value: parts.waits ? "yes, for a time or a signal" : "no" },
              {
                name: "Takes back",
                value:
                  Object.entries(parts.compensations)
                    .map(([effect, { tool }]) => `${effect} by ${tool}`)
                    .join(", ") || "nothing",
              },
            ]}
          />
        </Section>
      </div>
      <Section title="Instructions">
        <TextBlock label="Instructions" text={parts.instructions} />
      </Section>
      <ToolParts parts={parts} />
      <IsolationParts servers={parts.servers} />
      <Section
        title="Rules"
        aside={<Copy text={parts.policy.digest} label="digest of the policy" />}
      >
        {parts.policy.rules.length === 0 ? (
          <p className="text-sm text-muted">
            No rules are written:{" "}
            {parts.policy.rule === "allow-all" ? "everything is allowed." : "everything is denied."}
          </p>
        ) : (
          <div className="grid gap-3">
            {parts.policy.rules.map(({ name, text }) => (
              <details key={name}>
                <summary className="text-sm font-medium">{name}</summary>
                <div className="mt-2">
                  <TextBlock label={`Rules of ${name}`} text={text} />
                </div>
              </details>
            ))}
          </div>
        )}
      </Section>
      <SkillParts skills={parts.skills} />
      <MemoryParts parts={parts} />
    </>
  );
}

function ToolParts({ parts }: { readonly parts: Parts }) {
  return (
    <Section title="Tools" aside={parts.tools.length}>
      {parts.tools.length === 0 ? (
        <p className="text-sm text-muted">It has no tools: it can only answer.</p>
      ) : (
        <Table
          label="Tools"
          rows={parts.tools}
          keyOf={({ exposed }) => exposed}
          columns={[
            { title: "Tool", cell: ({ exposed }) => <Inert text={exposed} /> },
            {
              title: "Effect",
              cell: ({ effect }) => <Badge tone={effectTones[effect]}>{effect}</Badge>,
            },
            { title: "Server", wide: true, cell: ({ server }) => server },
            {
              title: "Pin",
              cell: ({ pin, exposed }) => <Copy text={pin} label={`pin of ${exposed}`} />,
            },
            {
              title: "Rests on",
              wide: true,
              cell: ({ needs = [] }) => needs.map(({ fact }) => fact).join(", ") || "–",
            },
          ]}
        />
      )}
    </Section>
  );
}
