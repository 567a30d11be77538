import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { Drift, ServerFacts } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Time } from "../../ui/time.tsx";
import { DriftView } from "./drift-view.tsx";
import { EndpointsView } from "./endpoints-view.tsx";
import { ServerActions } from "./server-actions.tsx";
import {
  driftQuery,
  findFreeze,
  freezesQuery,
  serverQuery,
  type Freeze,
} from "./server-queries.ts";
import { stateTones } from "./server-words.ts";
import { useSearchText } from "./use-search-text.ts";
import { ToolsView } from "./tools-view.tsx";

const tabs = ["tools", "drift", "health"] as const;

export function ServerPage() {
  const client = useClient();
  const { name = "" }: { readonly name?: string } = useParams({ strict: false });
  const tab = useSearchText("tab");
  const facts = useQuery(serverQuery(client, name));
  const drifts = useQuery(driftQuery(client));
  const freezes = useQuery(freezesQuery(client));
  const freeze = findFreeze(freezes.data ?? [], name);
  const own = (drifts.data ?? []).filter(({ server }) => server === name);
  const chosen = tabs.find((each) => each === tab) ?? "tools";
  const shown = facts.data;
  return (
    <Page
      title={name}
      fills
      aside={shown === undefined ? null : <State facts={shown} freeze={freeze} />}
      actions={
        shown === undefined ? null : (
          <ServerActions name={name} freeze={freezes.isPending ? undefined : freeze} />
        )
      }
    >
      {shown === undefined ? (
        facts.error === null ? (
          <Skeleton rows={8} />
        ) : (
          <div className="p-4 md:p-6">
            <FaultNotice error={facts.error} onRetry={() => void facts.refetch()} />
            <p className="mt-3 text-sm">
              <Link to="/servers" className="text-accent underline">
                All servers
              </Link>
            </p>
          </div>
        )
      ) : (
        <div className="flex h-full min-h-0 flex-col">
          <Tabs
            tabs={[
              { name: "tools", title: "Tools", count: shown.tools.length },
              { name: "drift", title: "Drift", count: shown.server.drifts },
              { name: "health", title: "Health" },
            ]}
            chosen={chosen}
          />
          <div className="min-h-0 flex-1 overflow-y-auto p-4 md:p-6">
            <Notices facts={shown} freeze={freeze} drifts={own} isDriftShown={chosen === "drift"} />
            {chosen === "tools" ? <ToolsView facts={shown} /> : null}
            {chosen === "drift" ? (
              <DriftView drifts={own} isPending={drifts.isPending} error={drifts.error} />
            ) : null}
            {chosen === "health" ? <EndpointsView facts={shown} /> : null}
          </div>
        </div>
      )}
    </Page>
  );
}

function State({
  facts: { server, serverVersion },
  freeze,
}: {
  readonly facts: ServerFacts;
  readonly freeze: Freeze | null;
}) {
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-2">
      <Badge tone={stateTones[server.state]}>{server.state}</Badge>
      {freeze === null ? null : <Badge tone="info">frozen</Badge>}
      <span className="hidden text-xs text-muted sm:inline">
        {server.transport}
        {server.version === null ? "" : ` · MCP ${server.version}`}
        {serverVersion === null ? "" : " · version "}
        {serverVersion === null ? null : <Inert text={serverVersion.slice(0, 40)} />}
        {server.listedAt === null ? " · never listed" : " · listed "}
        {server.listedAt === null ? null : <Time at={server.listedAt} />}
      </span>
    </span>
  );
}

interface NoticesProps {
  readonly facts: ServerFacts;
  readonly freeze: Freeze | null;
  readonly drifts: readonly Drift[];
  readonly isDriftShown: boolean;
}

/** What keeps calls away, the plainest first. */
function Notices({ facts: { server, seen }, freeze, drifts, isDriftShown }: NoticesProps) {
  const fault = seen?.breaker.opened?.fault ?? null;
  const blocking = drifts.filter(({ grade }) => grade === "breaking" || grade === "dangerous");
  return (
    <>
      {freeze === null ? null : (
        <Notice tone="info">
          {freeze.kind === "server" ? "Frozen" : `Frozen with ${toScope(freeze)}`} by {freeze.by}{" "}
          <Time at={freeze.at} />: “<Inert text={freeze.reason} />” No call reaches it until that is
          lifted.
        </Notice>
      )}
      {server.state === "down" ? (
        <Notice tone="danger">
          It does not answer: <Inert text={server.reason ?? "nobody knows why"} /> Its tools are
          shown as they were last seen; calls end with a fault.
        </Notice>
      ) : null}
      {seen !== null && seen.breaker.state !== "closed" ? (
        <Notice tone="warn">
          Its breaker is {seen.breaker.state} on this replica, after {seen.breaker.faults} faults in
          a row
          {fault === null ? "" : ` (${fault})`}.{" "}
          {seen.breaker.state === "open"
            ? `One call may try in ${Math.ceil(seen.breaker.coolingMs / 1_000)} s.`
            : "One call is trying now."}
        </Notice>
      ) : null}
      {blocking.length > 0 && !isDriftShown ? (
        <Notice tone="danger">
          {blocking.length === 1 ? "One tool is" : `${blocking.length} tools are`} blocked, because
          the server says something else of {blocking.length === 1 ? "it" : "them"} than was
          accepted.{" "}
          <Link
            to="."
            search={(before: Record<string, unknown>) => ({ ...before, tab: "drift" })}
            className="font-medium underline"
          >
            Read what changed
          </Link>
        </Notice>
      ) : null}
    </>
  );
}

function toScope({ kind }: Freeze): string {
  return kind === "all" ? "everything" : "everything of this tenant";
}

const noticeTones = {
  info: "border-info/40 bg-info-soft",
  warn: "border-warn/40 bg-warn-soft",
  danger: "border-danger/40 bg-danger-soft",
} as const;

function Notice({
  tone,
  children,
}: {
  readonly tone: keyof typeof noticeTones;
  readonly children: ReactNode;
}) {
  return (
    <p role="status" className={`mb-4 rounded-lg border px-4 py-2.5 text-sm ${noticeTones[tone]}`}>
      {children}
    </p>
  );
}
