import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { BlastRadius } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field, Select } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import { toDuration } from "../../words/to-duration.ts";
import { effectTones } from "../servers/server-words.ts";
import type { ServingPolicy } from "./policy-queries.ts";
import { toText } from "../servers/use-search-text.ts";
import { toNames } from "./question.ts";
import { decisionTones } from "./rule-words.ts";

/** Whose: as it stands in the address. */
interface Whose {
  readonly subject: string;
  readonly roles: string;
  readonly agent: string;
}

export function BlastView({ serving }: { readonly serving: ServingPolicy }) {
  const client = useClient();
  const navigate = useNavigate();
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const inAddress = readWhose(search);
  const [whose, setWhose] = useState<Whose>(inAddress);
  const isAsked = inAddress.subject !== "" || inAddress.agent !== "";
  const blast = useQuery({
    queryKey: ["policy", "blast", serving.digest, inAddress],
    queryFn: async () => (await client.findBlastRadius({ body: toBody(inAddress) })).body,
    enabled: isAsked,
  });
  const missing = whose.subject.trim() === "" && whose.agent === "";
  return (
    <>
      <Section title="Whose">
        <div className="grid items-end gap-3 sm:grid-cols-2 lg:grid-cols-[1fr_1fr_1fr_max-content]">
          <Field
            label="Who (optional with an agent)"
            placeholder="ada"
            value={whose.subject}
            onChange={(subject) => setWhose({ ...whose, subject })}
          />
          <Field
            label="Roles (optional)"
            placeholder="payer, staff"
            value={whose.roles}
            onChange={(roles) => setWhose({ ...whose, roles })}
          />
          <Select
            label="Agent"
            value={whose.agent}
            options={[
              { value: "", title: "none" },
              ...serving.agents.map((name) => ({ value: name, title: name })),
            ]}
            onChange={(agent) => setWhose({ ...whose, agent })}
          />
          <Button
            look="accent"
            reason={missing ? "Say who, or which agent." : null}
            busy={blast.isFetching}
            onClick={() => void navigate({ to: ".", search: { tab: "blast", ...whose } })}
          >
            What could it do?
          </Button>
        </div>
      </Section>
      {blast.error === null ? null : <FaultNotice error={blast.error} />}
      {isAsked && blast.isPending ? <Skeleton rows={6} /> : null}
      {blast.data === undefined ? null : <Blast blast={blast.data} />}
      {isAsked ? null : (
        <p className="px-1 text-sm text-muted">
          Whatever is not known is taken as possible, so this can say too much and never too little.
        </p>
      )}
    </>
  );
}

function readWhose(search: Readonly<Record<string, unknown>>): Whose {
  const text = (key: string): string => toText(search[key]) ?? "";
  return { subject: text("subject"), roles: text("roles"), agent: text("agent") };
}

function toBody({ subject, roles, agent }: Whose): string {
  return JSON.stringify({
    ...(subject.trim() === "" ? {} : { as: { subject: subject.trim(), roles: toNames(roles) } }),
    ...(agent === "" ? {} : { agent }),
  });
}

function Blast({ blast: { summary, tools, unseen } }: { readonly blast: BlastRadius }) {
  return (
    <Section title="What it could do at worst" aside={`${tools.length} tools`}>
      <p role="status" className="mb-3 text-sm font-medium">
        <Inert text={summary} lines />
      </p>
      {unseen.length === 0 ? null : (
        <p className="mb-3 text-sm text-warn">
          Never listed, and so not in it: {unseen.join(", ")}.
        </p>
      )}
      <Table
        label="What it could do at worst"
        rows={tools}
        keyOf={({ tool }) => tool}
        columns={[
          {
            title: "Tool",
            cell: ({ tool, server }) => (
              <Link
                to="/servers/$name"
                params={{ name: server }}
                search={{ tool }}
                className="inline-block min-w-36 font-mono text-xs hover:text-accent hover:underline"
              >
                <Inert text={tool} />
              </Link>
            ),
          },
          {
            title: "At worst",
            cell: ({ decision, possible }) => (
              <Badge tone={decisionTones[decision]!} title={possible.join(", ")}>
                {decision === "depends" ? possible.join(" or ") : decision}
              </Badge>
            ),
          },
          {
            title: "Effect",
            wide: true,
            cell: ({ effect, outward }) => (
              <span className="inline-flex gap-1">
                <Badge tone={effectTones[effect]}>{effect}</Badge>
                {outward ? <Badge tone="warn">outward</Badge> : null}
              </span>
            ),
          },
          { title: "Depends on", wide: true, cell: ({ on }) => on.join(", ") || "–" },
          { title: "Rules", wide: true, cell: ({ rules }) => rules.join(", ") || "none" },
          { title: "Credentials", wide: true, cell: (each) => each.credentials.join(", ") || "–" },
          {
            title: "Bounds",
            wide: true,
            cell: ({ limits }) =>
              `${limits.concurrency} at once, ${toDuration(limits.timeoutMs)}${limits.callsPerMinute === null ? "" : `, ${limits.callsPerMinute}/min`}`,
          },
        ]}
      />
    </Section>
  );
}
