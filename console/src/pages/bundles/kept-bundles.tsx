import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Time } from "../../ui/time.tsx";
import { toShort } from "../../words/to-amount.ts";
import { bundleBuilders, usedBundlesQuery } from "./bundle-queries.ts";

export interface KeptBundlesProps {
  readonly agent: string;
  /** What a run would start with now. */
  readonly now: string | null;
}

/** What the latest runs started with: each is kept, and can be read and compared. */
export function KeptBundles({ agent, now }: KeptBundlesProps) {
  const { data } = useQuery(usedBundlesQuery(useClient(), agent));
  // The place is kept while it is read.
  if (data === undefined) return <div className="mt-3 h-6" />;
  if (data.length === 0)
    return <p className="mt-3 text-xs text-muted">No run has started with any of its bundles.</p>;
  return (
    <ol
      aria-label={`Bundles that runs of ${agent} started with`}
      className="mt-3 divide-y divide-line border-t border-line text-sm"
    >
      {data.map(({ digest, at, run }, index) => {
        const older = data[index + 1];
        return (
          <li key={digest} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
            <Link
              to="/bundles"
              search={{ digest }}
              className="font-mono text-xs text-accent underline"
            >
              {toShort(digest)}
            </Link>
            {digest === now ? <Badge tone="ok">now</Badge> : null}
            <span className="text-xs text-muted">
              <Link to={`/runs/${run}`} className="underline">
                latest run
              </Link>{" "}
              <Time at={at} />
            </span>
            {index === 0 && now !== null && digest !== now ? (
              <CompareWithNow agent={agent} from={digest} />
            ) : null}
            {older === undefined ? null : (
              <Link
                to="/bundles"
                search={{ from: older.digest, to: digest }}
                aria-label={`What changed from ${toShort(older.digest)} to ${toShort(digest)}`}
                className="ml-auto text-xs text-accent underline"
              >
                what changed
              </Link>
            )}
          </li>
        );
      })}
    </ol>
  );
}

/** What a new run would have otherwise than the latest one: the bundle of now is kept for that. */
function CompareWithNow({ agent, from }: { readonly agent: string; readonly from: string }) {
  const client = useClient();
  const navigate = useNavigate();
  const reason = useRoleReason(...bundleBuilders);
  const compare = useMutation({
    mutationFn: async () => (await client.buildBundle({ body: JSON.stringify({ agent }) })).body,
    onSuccess: ({ digest }) => void navigate({ to: "/bundles", search: { from, to: digest } }),
  });
  return (
    <>
      <Button
        reason={reason}
        busy={compare.isPending}
        label={`Compare with now: ${agent}`}
        onClick={() => compare.mutate()}
      >
        Compare with now
      </Button>
      {compare.error === null ? null : (
        <span role="alert" className="text-xs text-danger">
          {compare.error.message}
        </span>
      )}
    </>
  );
}
