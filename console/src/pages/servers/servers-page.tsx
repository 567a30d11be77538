import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Server } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { useSearchText } from "./use-search-text.ts";
import { FoundTools } from "./found-tools.tsx";
import { findFreeze, freezesQuery, serversQuery, type Freeze } from "./server-queries.ts";
import {
  breakerTones,
  gradeTones,
  stateTones,
  toErrorShare,
  toLatency,
  toPercent,
  toRate,
  type Recent,
} from "./server-words.ts";

export function ServersPage() {
  const client = useClient();
  const navigate = useNavigate();
  const wanted = useSearchText("q") ?? "";
  const servers = useQuery(serversQuery(client));
  const freezes = useQuery(freezesQuery(client));
  const all = servers.data ?? [];
  const shown = all.filter(({ name }) => name.includes(wanted.trim().toLowerCase()));
  return (
    <Page title="Servers" aside={<Summary servers={all} />}>
      {servers.error !== null ? (
        <FaultNotice error={servers.error} onRetry={() => void servers.refetch()} />
      ) : null}
      {servers.isPending ? <Skeleton rows={8} /> : null}
      {servers.data?.length === 0 ? <NoServers /> : null}
      {all.length > 0 ? (
        <>
          <div className="mb-4 max-w-md">
            <Field
              label="Find a server or a tool"
              hideLabel
              placeholder="Find a server, or a tool by what it does"
              value={wanted}
              onChange={(next) =>
                void navigate({
                  to: ".",
                  search: next === "" ? {} : { q: next },
                  replace: true,
                })
              }
            />
          </div>
          {shown.length > 0 ? (
            <div className="rounded-lg border border-line bg-surface">
              <Table
                label="Servers"
                rows={shown}
                keyOf={({ name }) => name}
                columns={toColumns(freezes.data ?? [])}
              />
            </div>
          ) : null}
          {wanted.trim() === "" ? (
            <p className="mt-3 text-xs text-muted">
              Breakers, rates and times are those of the replica that answers you, of the last five
              minutes at most.
            </p>
          ) : (
            <FoundTools wanted={wanted} hasServers={shown.length > 0} />
          )}
        </>
      ) : null}
    </Page>
  );
}

function Summary({ servers }: { readonly servers: readonly Server[] }) {
  if (servers.length === 0) return null;
  const down = servers.filter(({ state }) => state === "down").length;
  const blocked = servers.reduce((sum, each) => sum + each.blocked, 0);
  return (
    <>
      <span className="text-sm text-muted tabular-nums">{servers.length}</span>
      {down > 0 ? <Badge tone="danger">{down} down</Badge> : null}
      {blocked > 0 ? (
        <Badge tone="danger">
          {blocked} blocked {blocked === 1 ? "tool" : "tools"}
        </Badge>
      ) : null}
    </>
  );
}

function NoServers() {
  return (
    <Empty
      title="No servers yet"
      command={
        "countersign servers add search --to https://mcp.example.com/mcp\ncountersign servers import claude-desktop"
      }
    >
      Register an MCP server, and its tools are offered through the gate: pinned as they are now,
      under your rules, with a receipt for each call. Servers that another client knows can be
      brought over.
    </Empty>
  );
}

function toColumns(freezes: readonly Freeze[]): readonly Column<Server>[] {
  return [
    { title: "Server", cell: (server) => <Name server={server} /> },
    { title: "State", cell: (server) => <State server={server} freezes={freezes} /> },
    {
      title: "Tools",
      numeric: true,
      cell: ({ tools, blocked }) => (
        <span className="whitespace-nowrap">
          {tools}
          {blocked > 0 ? <span className="text-danger"> · {blocked} blocked</span> : null}
        </span>
      ),
    },
    { title: "Drift", cell: (server) => <DriftCell server={server} /> },
    { title: "Breaker", wide: true, cell: (server) => <BreakerCell server={server} /> },
    {
      title: "Calls/min",
      numeric: true,
      wide: true,
      cell: ({ seen }) => toRateOf(seen?.recent ?? null),
    },
    { title: "Errors", numeric: true, wide: true, cell: (server) => <Errors server={server} /> },
    {
      title: "p50 / p95 / p99",
      numeric: true,
      wide: true,
      cell: ({ seen }) => {
        const recent = seen?.recent ?? null;
        if (recent === null || recent.p50Ms === null) return "–";
        const times = [recent.p50Ms, recent.p95Ms, recent.p99Ms].map(toLatency).join(" / ");
        return <span className="whitespace-nowrap">{times}</span>;
      },
    },
    { title: "Sandbox", wide: true, cell: ({ sandbox }) => <Tier sandbox={sandbox ?? null} /> },
  ];
}

function toRateOf(recent: Recent | null): string {
  return recent === null ? "–" : toRate(recent);
}

function Name({ server: { name, transport, version } }: { readonly server: Server }) {
  return (
    <div className="min-w-0">
      <Link
        to="/servers/$name"
        params={{ name }}
        className="font-medium text-ink hover:text-accent hover:underline"
      >
        {name}
      </Link>
      <p className="text-xs whitespace-nowrap text-muted">
        {transport}
        {version === null ? "" : ` · ${version}`}
      </p>
    </div>
  );
}

function State({
  server,
  freezes,
}: {
  readonly server: Server;
  readonly freezes: readonly Freeze[];
}) {
  const freeze = findFreeze(freezes, server.name);
  return (
    <span className="inline-flex flex-wrap gap-1">
      <Badge tone={stateTones[server.state]} title={server.reason ?? server.state}>
        {server.state}
      </Badge>
      {freeze === null ? null : (
        <Badge tone="info" title={freeze.reason}>
          frozen
        </Badge>
      )}
    </span>
  );
}

function DriftCell({ server: { drifts, worst } }: { readonly server: Server }) {
  if (drifts === 0) return <span className="text-muted">none</span>;
  return (
    <Badge tone={gradeTones[worst ?? "cosmetic"]}>
      {drifts} {worst ?? ""}
    </Badge>
  );
}

function BreakerCell({ server: { seen } }: { readonly server: Server }) {
  if (seen === undefined) return "–";
  return (
    <span className="inline-flex gap-1">
      {seen.breaker === "closed" ? (
        <span className="text-muted">closed</span>
      ) : (
        <Badge tone={breakerTones[seen.breaker]}>{seen.breaker}</Badge>
      )}
      {seen.ejected > 0 ? <Badge tone="warn">{seen.ejected} left out</Badge> : null}
    </span>
  );
}

function Errors({ server: { seen } }: { readonly server: Server }) {
  const recent = seen?.recent ?? null;
  const share = recent === null ? null : toErrorShare(recent);
  if (share === null) return "–";
  return <span className={share >= 0.05 ? "text-danger" : ""}>{toPercent(share)}</span>;
}

function Tier({ sandbox }: { readonly sandbox: string | null }) {
  if (sandbox === null) return <span className="text-muted">remote</span>;
  if (sandbox === "none")
    return (
      <Badge tone="warn" title="With the powers of the user that runs Countersign.">
        none
      </Badge>
    );
  return <Badge tone="neutral">{sandbox}</Badge>;
}
