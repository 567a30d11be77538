import type { ServerFacts } from "../../../../src/client/client.ts";
import { faults } from "../../../../src/model/faults.ts";
import { Badge } from "../../ui/badge.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { toDuration } from "../../words/to-duration.ts";
import { breakerTones, toErrorShare, toLatency, toPercent, toRate } from "./server-words.ts";

type Seen = NonNullable<ServerFacts["seen"]>;

/** How the server is, as the replica that answers has found it. */
export function EndpointsView({ facts }: { readonly facts: ServerFacts }) {
  const { server, seen, instructions, capabilities } = facts;
  return (
    <>
      <div className="grid items-start gap-x-6 lg:grid-cols-2">
        <Section title="Calls" aside="as this replica sees it">
          <CallFacts facts={facts} />
        </Section>
        <Section title="Breaker" aside="as this replica sees it">
          {seen === null ? (
            <p className="text-sm text-muted">
              This replica has called nothing here yet, so it knows nothing against it.
            </p>
          ) : (
            <BreakerFacts breaker={seen.breaker} />
          )}
        </Section>
      </div>
      {seen === null ? null : (
        <Section title="Endpoints" aside="as this replica sees it">
          <Endpoints endpoints={seen.endpoints} />
        </Section>
      )}
      <Section title="What it says of itself">
        <Facts
          facts={[
            { name: "Capabilities", value: capabilities.join(", ") || "none" },
            { name: "Sandbox", value: toSandbox(server.sandbox ?? null) },
            {
              name: "Instructions",
              value: instructions === null ? "none" : <Inert text={instructions} lines />,
            },
          ]}
        />
      </Section>
    </>
  );
}

function toSandbox(sandbox: string | null): string {
  if (sandbox === null) return "It is no program of this machine.";
  if (sandbox === "none") return "None: it has the powers of the user that runs Countersign.";
  return sandbox;
}

function CallFacts({ facts: { server } }: { readonly facts: ServerFacts }) {
  const recent = server.seen?.recent ?? null;
  if (recent === null)
    return <p className="text-sm text-muted">This replica does not count calls of servers.</p>;
  const share = toErrorShare(recent);
  return (
    <Facts
      facts={[
        { name: "Of the last", value: toDuration(Math.round(recent.windowMs / 1_000) * 1_000) },
        { name: "Calls", value: `${recent.calls}, ${toRate(recent)} a minute` },
        { name: "Denied", value: recent.denied },
        {
          name: "Errors",
          value: share === null ? "–" : `${recent.errors}, ${toPercent(share)} of what was sent`,
        },
        {
          name: "p50 / p95 / p99",
          value: [recent.p50Ms, recent.p95Ms, recent.p99Ms].map(toLatency).join(" / "),
        },
      ]}
    />
  );
}

function BreakerFacts({ breaker }: { readonly breaker: Seen["breaker"] }) {
  const { state, opened, coolingMs } = breaker;
  const fault = opened?.fault ?? null;
  const hint = fault !== null && Object.hasOwn(faults, fault) ? hintOf(fault) : null;
  return (
    <>
      <Facts
        facts={[
          { name: "State", value: <Badge tone={breakerTones[state]}>{state}</Badge> },
          { name: "Faults in a row", value: breaker.faults },
          ...(opened === null ? [] : [{ name: "Opened", value: <Time at={opened.at} /> }]),
          ...(fault === null
            ? []
            : [{ name: "Because of", value: <code className="font-mono text-xs">{fault}</code> }]),
          ...(coolingMs > 0
            ? [
                {
                  name: "One call may try in",
                  value: toDuration(Math.ceil(coolingMs / 1_000) * 1_000),
                },
              ]
            : []),
        ]}
      />
      {hint === null ? null : <p className="mt-3 text-sm text-muted">{hint}</p>}
    </>
  );
}

function hintOf(code: string): string {
  return faults[code as keyof typeof faults].hint;
}

function Endpoints({ endpoints }: { readonly endpoints: Seen["endpoints"] }) {
  return (
    <Table
      label="Endpoints"
      rows={endpoints}
      keyOf={({ endpoint }) => endpoint}
      columns={[
        {
          title: "Endpoint",
          cell: ({ endpoint }) => (
            <span className="font-mono text-xs wrap-anywhere">
              {/^\d+$/.test(endpoint) ? (
                `program ${Number(endpoint) + 1}`
              ) : (
                <Inert text={endpoint} />
              )}
            </span>
          ),
        },
        {
          title: "State",
          cell: ({ ejectedMs }) =>
            ejectedMs > 0 ? (
              <Badge tone="warn">left out for {toDuration(ejectedMs)}</Badge>
            ) : (
              <Badge tone="ok">in use</Badge>
            ),
        },
        { title: "Under way", numeric: true, cell: ({ outstanding }) => outstanding },
        { title: "Faults in a row", numeric: true, cell: (each) => each.faults },
      ]}
    />
  );
}
