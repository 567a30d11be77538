import { useSearch } from "@tanstack/react-router";
import { useRoleReason } from "../../shell/use-session.ts";
import { Page } from "../../ui/page.tsx";
import { AgentList } from "./agent-list.tsx";
import { bundleReaders } from "./bundle-queries.ts";
import { BundleView } from "./bundle-view.tsx";
import { DiffView } from "./diff-view.tsx";

interface Search {
  readonly digest?: unknown;
  readonly from?: unknown;
  readonly to?: unknown;
}

const isDigest = (value: unknown): value is string =>
  typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);

/** Agents as they would start now, one bundle as it was kept, or what changed between two. */
export function BundlesPage() {
  const { digest, from, to }: Search = useSearch({ strict: false });
  const reason = useRoleReason(...bundleReaders);
  if (reason !== null)
    return (
      <Page title="Bundles">
        <p className="text-sm text-muted">{reason}</p>
      </Page>
    );
  if (isDigest(from) && isDigest(to)) return <DiffView from={from} to={to} />;
  if (isDigest(digest)) return <BundleView digest={digest} />;
  return <AgentList />;
}
