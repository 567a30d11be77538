import { useQuery } from "@tanstack/react-query";
import type { LedgerState } from "../../../../src/client/client.ts";
import { useSession } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { toCount } from "../../words/to-amount.ts";
import { ConsistencyCheck } from "./consistency-check.tsx";
import { ledgerQuery } from "./ledger-query.ts";
import { stateWords, toRoot } from "./log-words.ts";
import { saveText } from "./save-text.ts";
import { TrustForm } from "./trust-form.tsx";
import { useNewestAt } from "./use-newest-at.ts";
import { useTrust } from "./use-trust.ts";

/** How the log is: its size, its root, and whether anything is wrong with it. */
export function LogTab() {
  const session = useSession();
  const { data, error, refetch } = useQuery(ledgerQuery(session));
  const trust = useTrust();
  const isApproverAlone = session.holder.roles.every((role) => role === "approver");
  if (isApproverAlone)
    return <p className="p-6 text-sm text-muted">An approver's key does not read the ledger.</p>;
  if (data === undefined && error !== null)
    return (
      <div className="p-4 md:p-6">
        <FaultNotice error={error} onRetry={() => void refetch()} />
      </div>
    );
  if (data === undefined) return <Skeleton rows={8} />;
  return (
    <div className="p-4 md:p-6">
      <StateSection state={data} />
      <Section title="Check it against a checkpoint that was kept">
        <div className="grid gap-5">
          <ConsistencyCheck state={data} trust={trust} />
          <TrustForm chosen={trust} />
        </div>
      </Section>
      <Section title="Logs" aside="one since each restore from a backup">
        <Table
          label="Logs"
          rows={data.epochs}
          keyOf={({ origin }) => origin}
          columns={[
            { title: "Origin", cell: ({ origin }) => <code className="text-xs">{origin}</code> },
            { title: "Entries", numeric: true, cell: ({ size }) => toCount(size) },
            {
              title: "State",
              cell: ({ open }) => (
                <Badge tone={open ? "ok" : "neutral"}>{open ? "open" : "ended"}</Badge>
              ),
            },
            {
              title: "Root",
              wide: true,
              cell: ({ checkpoint }) => {
                const root = toRoot(checkpoint);
                return root === null ? "not signed" : <Copy text={root} label="root" />;
              },
            },
          ]}
        />
      </Section>
    </div>
  );
}

function StateSection({ state }: { readonly state: LedgerState }) {
  const newest = useNewestAt();
  const { tone, word, means } = stateWords[state.state];
  const root = toRoot(state.checkpoint);
  return (
    <Section title="State" aside={<Badge tone={tone}>{word}</Badge>}>
      <p className="mb-4 text-sm text-muted">
        {means} {state.reason === null ? "" : state.reason}
      </p>
      <Facts
        facts={[
          { name: "Origin", value: state.origin ?? "none yet" },
          { name: "Entries", value: state.size.toLocaleString("en") },
          {
            name: "Root",
            value: root === null ? "nothing was signed" : <Copy text={root} label="root" />,
          },
          {
            name: "Newest entry in it",
            value: newest === null ? "none, or not yours to see" : <Time at={newest} />,
          },
          {
            name: "Waiting to be taken in",
            value: state.waiting >= 1_000 ? "1,000 or more" : String(state.waiting),
          },
          {
            name: "Keys it names",
            value: state.keys.map((key) => <Copy key={key} text={key} label="verifier key" />),
          },
        ]}
      />
      {state.checkpoint === null ? null : <KeptElsewhere note={state.checkpoint} />}
    </Section>
  );
}

/** The checkpoint as text, to lay somewhere that whoever writes to the database does not reach. */
function KeptElsewhere({ note }: { readonly note: string }) {
  return (
    <div className="mt-4 grid gap-3">
      <pre
        tabIndex={0}
        role="region"
        aria-label="The checkpoint"
        className="overflow-x-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs"
      >
        {note.trimEnd()}
      </pre>
      <div className="flex flex-wrap items-center gap-3">
        <Button onClick={() => saveText({ name: "ledger.checkpoint", text: note })}>
          Save the checkpoint
        </Button>
        <p className="min-w-0 flex-1 basis-64 text-sm text-muted">
          Keep it on another machine: whoever rewrites this log later cannot make it fit.
        </p>
      </div>
    </div>
  );
}
