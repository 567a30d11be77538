import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { definitionQuery } from "./server-queries.ts";
import { effectTones, toErrorShare, toLatency, toPercent } from "./server-words.ts";
import type { Complaint, ServerTool } from "./server-tool.ts";
import { TryTool } from "./try-tool.tsx";

export interface ToolViewProps {
  readonly tool: ServerTool;
  readonly complaints: readonly Complaint[];
}

export function ToolView({ tool, complaints }: ToolViewProps) {
  const client = useClient();
  const definition = useQuery(definitionQuery(client, tool));
  const { name, title, description, blocked } = tool;
  return (
    <>
      <p className="mb-3 text-sm lg:hidden">
        <Link
          to="."
          search={(before: Record<string, unknown>) => ({ ...before, tool: undefined })}
          className="text-accent underline"
        >
          All tools
        </Link>
      </p>
      <Section title={title ?? tool.ownName} aside={<Badges tool={tool} />}>
        <p className="mb-4 text-sm whitespace-pre-wrap">
          {description === "" ? (
            <span className="text-muted">It says nothing of itself.</span>
          ) : (
            <Inert text={description} lines />
          )}
        </p>
        {blocked === null ? null : <Blocked reasons={blocked} />}
        <ToolFacts tool={tool} />
        {complaints.length === 0 ? null : (
          <div className="mt-4">
            <h3 className="text-xs font-medium text-muted">
              What makes it hard to use for a model
            </h3>
            <ul className="mt-1 grid gap-1 text-sm">
              {complaints.map(({ rule, message }) => (
                <li key={`${rule}${message}`}>
                  <Badge tone="warn">{rule}</Badge> <Inert text={message} />
                </li>
              ))}
            </ul>
          </div>
        )}
        <details className="mt-4">
          <summary className="text-sm text-muted hover:text-ink">Definition as JSON</summary>
          <pre
            tabIndex={0}
            aria-label="Definition as JSON"
            className="mt-2 max-h-96 overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs"
          >
            {definition.data === undefined ? (
              "…"
            ) : (
              <Inert text={JSON.stringify(definition.data, null, 2)} lines escapes />
            )}
          </pre>
        </details>
      </Section>
      <Section title="Try it" aside="through the gate, as you">
        {definition.error === null ? null : <FaultNotice error={definition.error} />}
        {definition.isPending ? <Skeleton rows={3} /> : null}
        {definition.data === undefined ? null : (
          <TryTool
            key={tool.pin}
            name={name}
            effect={tool.effect}
            isBlocked={blocked !== null}
            schema={definition.data["inputSchema"]}
          />
        )}
      </Section>
    </>
  );
}

function Badges({ tool }: { readonly tool: ServerTool }) {
  return (
    <>
      {tool.outward ? (
        <Badge tone="warn" title="What goes into it may leave the house.">
          outward
        </Badge>
      ) : null}
      {tool.idempotent ? <Badge tone="neutral">idempotent</Badge> : null}
      <Badge tone={effectTones[tool.effect]}>{tool.effect}</Badge>
    </>
  );
}

function Blocked({ reasons }: { readonly reasons: readonly string[] }) {
  return (
    <div className="mb-4 rounded-lg border border-danger/40 bg-danger-soft px-4 py-2.5 text-sm">
      <p className="font-medium text-danger">Nobody can call it until its change is accepted.</p>
      <ul className="mt-1">
        {reasons.map((reason) => (
          <li key={reason}>
            <Inert text={reason} />
          </li>
        ))}
      </ul>
      <Link
        to="."
        search={(before: Record<string, unknown>) => ({ ...before, tab: "drift" })}
        className="mt-1 inline-block font-medium text-ink underline"
      >
        Read what changed
      </Link>
    </div>
  );
}

function ToolFacts({ tool: { name, pin, breaker, recent } }: { readonly tool: ServerTool }) {
  const share = recent === null ? null : toErrorShare(recent);
  return (
    <Facts
      facts={[
        {
          name: "Offered as",
          value: (
            <span className="font-mono text-xs wrap-anywhere">
              <Inert text={name} />
            </span>
          ),
        },
        { name: "Pinned", value: <Copy text={pin} label="pinned digest" /> },
        ...(breaker === null
          ? []
          : [
              {
                name: "Breaker",
                value: [breaker.state, breaker.opened?.fault ?? "no fault that is known"].join(
                  ", after ",
                ),
              },
            ]),
        ...(recent === null || recent.calls === 0
          ? []
          : [
              {
                name: "Of late",
                value: `${recent.calls} calls, ${share === null ? "none sent" : `${toPercent(share)} errors`}, p95 ${toLatency(recent.p95Ms)}`,
              },
            ]),
      ]}
    />
  );
}
