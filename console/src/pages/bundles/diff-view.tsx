import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Bundle } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { bundleDiffQuery, bundleQuery } from "./bundle-queries.ts";
import { CompareForm } from "./compare-form.tsx";
import { findTexts } from "./find-texts.ts";
import { TextDiff } from "./text-diff.tsx";
import { weighChanges, type BundleChange } from "./weigh-changes.ts";

export interface DiffViewProps {
  readonly from: string;
  readonly to: string;
}

/** What changed from one bundle to another, the heaviest first. */
export function DiffView({ from, to }: DiffViewProps) {
  const client = useClient();
  const navigate = useNavigate();
  const diff = useQuery(bundleDiffQuery(client, { from, to }));
  const before = useQuery(bundleQuery(client, from)).data;
  const after = useQuery(bundleQuery(client, to)).data;
  const swap = () => void navigate({ to: "/bundles", search: { from: to, to: from } });
  return (
    <Page
      title="What changed"
      aside={
        diff.data === undefined ? null : (
          <span className="text-xs text-muted">
            {diff.data.changes.length === 1 ? "1 part" : `${diff.data.changes.length} parts`}
          </span>
        )
      }
      actions={
        <>
          <Link to="/bundles" className="text-sm text-accent underline">
            All bundles
          </Link>
          <Button onClick={swap}>Swap</Button>
        </>
      }
    >
      <div className="mb-5 grid gap-3 md:grid-cols-2">
        <Side title="From" digest={from} bundle={before} />
        <Side title="To" digest={to} bundle={after} />
      </div>
      {diff.data === undefined && diff.error === null ? <Skeleton rows={6} /> : null}
      {diff.error === null ? null : (
        <FaultNotice error={diff.error} onRetry={() => void diff.refetch()} />
      )}
      {diff.data?.changes.length === 0 ? (
        <Empty title="Nothing changed">Both digests stand for the same bundle.</Empty>
      ) : null}
      {weighChanges(diff.data?.changes ?? []).map(({ weight, changes }) => (
        <Section
          key={weight.title}
          title={weight.title}
          aside={
            <>
              <span className="hidden sm:inline">{weight.means}</span>
              <Badge tone={weight.tone}>{changes.length}</Badge>
            </>
          }
        >
          <ul className="grid gap-4">
            {changes.map((change) => (
              <ChangeRow key={change.component} {...{ change, before, after }} />
            ))}
          </ul>
        </Section>
      ))}
      <CompareForm key={`${from} ${to}`} from={from} to={to} />
    </Page>
  );
}

interface SideProps {
  readonly title: string;
  readonly digest: string;
  readonly bundle: Bundle | undefined;
}

function Side({ title, digest, bundle }: SideProps) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg border border-line bg-surface px-4 py-3 text-sm">
      <span className="text-muted">{title}</span>
      <Link to="/bundles" search={{ digest }} className="font-medium text-accent underline">
        {bundle?.bundle.agent ?? "bundle"}
      </Link>
      <Copy text={digest} label={`digest of the bundle ${title.toLowerCase()}`} />
    </div>
  );
}

interface ChangeRowProps {
  readonly change: BundleChange;
  readonly before: Bundle | undefined;
  readonly after: Bundle | undefined;
}

function ChangeRow({ change: { component, text }, before, after }: ChangeRowProps) {
  const texts =
    before === undefined || after === undefined
      ? null
      : findTexts(component, before.bundle, after.bundle);
  const rest = text.startsWith(component) ? text.slice(component.length).replace(/^:? /, "") : text;
  return (
    <li className="min-w-0">
      <p className="text-sm break-words">
        <strong className="font-medium">
          <Inert text={component} />
        </strong>{" "}
        {texts === null ? (
          <span className="text-muted">
            <Inert text={rest} />
          </span>
        ) : null}
      </p>
      {texts === null ? null : (
        <div className="mt-2">
          <TextDiff label={`${component}, before and after`} texts={texts} />
        </div>
      )}
    </li>
  );
}
