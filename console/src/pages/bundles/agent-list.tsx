import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Bundles } from "../../../../src/client/client.ts";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { bundleBuilders, bundlesQuery } from "./bundle-queries.ts";
import { CompareForm } from "./compare-form.tsx";
import { KeptBundles } from "./kept-bundles.tsx";

type Listed = Bundles["bundles"][number];

export function AgentList() {
  const client = useClient();
  const { data, error, refetch } = useQuery(bundlesQuery(client));
  return (
    <Page
      title="Bundles"
      aside={
        data === undefined || data.length === 0 ? null : (
          <span className="text-xs text-muted">
            {data.length === 1 ? "1 agent" : `${data.length} agents`}
          </span>
        )
      }
    >
      <p className="mb-5 max-w-3xl text-sm text-muted">
        A bundle is an agent as plain data under one digest: model, instructions, tools with their
        pins, skills, memory, rules, sandbox and limits. A run keeps the one it started with. Each
        new run starts with the bundle of now: there are no staged rollouts yet.
      </p>
      {data === undefined && error === null ? <Skeleton rows={6} /> : null}
      {data === undefined && error !== null ? (
        <FaultNotice error={error} onRetry={() => void refetch()} />
      ) : null}
      {data?.length === 0 ? (
        <Empty title="There is no agent yet" command="countersign apply">
          Agents are written in countersign.yaml below agents: a model, instructions and tools. Each
          becomes a bundle here.
        </Empty>
      ) : null}
      <div className="grid gap-4">
        {data?.map((listed) => (
          <AgentCard key={listed.agent} listed={listed} />
        ))}
      </div>
      {data === undefined || data.length === 0 ? null : <CompareForm />}
    </Page>
  );
}

function AgentCard({ listed }: { readonly listed: Listed }) {
  const { agent, description, digest, problem } = listed;
  return (
    <section
      aria-label={agent}
      className="min-w-0 rounded-lg border border-line bg-surface p-4 md:px-5"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="text-sm font-semibold">{agent}</h2>
        {digest === null ? (
          <Badge tone="danger">cannot start</Badge>
        ) : (
          <>
            <Copy text={digest} label="digest of the bundle" />
            <Link to="/bundles" search={{ digest }} className="text-sm text-accent underline">
              Read it
            </Link>
          </>
        )}
        <div className="ml-auto flex flex-wrap items-center gap-3">
          <Link to="/runs" search={{ agent }} className="text-sm text-accent underline">
            Runs
          </Link>
          <BuildButton listed={listed} />
        </div>
      </div>
      <p className="mt-1 max-w-3xl text-sm text-muted">
        <Inert text={description} />
      </p>
      {problem === null ? null : (
        <p className="mt-2 text-sm text-danger">
          No run can start: <Inert text={problem} />
        </p>
      )}
      <KeptBundles agent={agent} now={digest} />
    </section>
  );
}

function BuildButton({ listed: { agent, digest, problem } }: { readonly listed: Listed }) {
  const client = useClient();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const role = useRoleReason(...bundleBuilders);
  const build = useMutation({
    mutationFn: async () => (await client.buildBundle({ body: JSON.stringify({ agent }) })).body,
    onSuccess: (built) => {
      cache.setQueryData(["bundle", built.digest], built);
      void navigate({ to: "/bundles", search: { digest: built.digest } });
    },
  });
  const reason = role ?? (digest === null ? `It cannot be built: ${problem ?? ""}` : null);
  return (
    <>
      {build.error === null ? null : (
        <span role="alert" className="text-sm text-danger">
          {build.error.message}
        </span>
      )}
      <Button
        reason={reason}
        busy={build.isPending}
        label={`Build and keep the bundle of ${agent}`}
        onClick={() => build.mutate()}
      >
        Build and keep
      </Button>
    </>
  );
}
