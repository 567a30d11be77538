import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fault } from "../../../../src/model/fault.ts";
import { useClient } from "../../shell/use-session.ts";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { bundleQuery } from "./bundle-queries.ts";
import { BundleParts } from "./bundle-parts.tsx";

/** A bundle that was kept, part by part. */
export function BundleView({ digest }: { readonly digest: string }) {
  const { data, error, refetch } = useQuery(bundleQuery(useClient(), digest));
  const isMissing = error instanceof Fault && error.code === "not_found";
  return (
    <Page
      title={data === undefined ? "Bundle" : `Bundle of ${data.bundle.agent}`}
      aside={<Copy text={digest} label="digest of the bundle" />}
      actions={
        <>
          {data === undefined ? null : (
            <Link
              to="/runs"
              search={{ agent: data.bundle.agent }}
              className="text-sm text-accent underline"
            >
              Runs of {data.bundle.agent}
            </Link>
          )}
          <Link to="/bundles" className="text-sm text-accent underline">
            All bundles
          </Link>
        </>
      }
    >
      {isMissing ? (
        <Empty title="This bundle was not kept here" command="countersign bundle build AGENT">
          A bundle is kept once a run starts with it, or when somebody builds it.
        </Empty>
      ) : null}
      {error !== null && !isMissing ? (
        <FaultNotice error={error} onRetry={() => void refetch()} />
      ) : null}
      {data === undefined && error === null ? <Skeleton rows={8} /> : null}
      {data === undefined ? null : <BundleParts parts={data.bundle} />}
    </Page>
  );
}
