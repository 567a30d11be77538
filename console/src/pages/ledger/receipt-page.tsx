import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Fault } from "../../../../src/model/fault.ts";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { ReceiptReport } from "./receipt-report.tsx";
import { saveText } from "./save-text.ts";
import { useTrust } from "./use-trust.ts";

export function ReceiptPage() {
  const { id = "" }: { readonly id?: string } = useParams({ strict: false });
  const client = useClient();
  const reason = useRoleReason("admin", "auditor", "caller");
  const trust = useTrust();
  const { data, error, refetch } = useQuery({
    queryKey: ["receipt", id],
    // The text that is checked is the one that is saved.
    queryFn: async () => `${JSON.stringify((await client.getReceipt({ id })).body)}\n`,
    enabled: reason === null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const saving = reason ?? (data === undefined ? "It is not read yet." : null);
  return (
    <Page
      title="Receipt"
      aside={<Copy text={id} label="id of the entry" />}
      actions={
        <>
          <Link to="/ledger" className="text-sm text-accent underline">
            All entries
          </Link>
          <Button
            reason={saving}
            onClick={() => saveText({ name: `receipt-${id}.json`, text: data ?? "" })}
          >
            Save the file
          </Button>
        </>
      }
    >
      {reason !== null ? <p className="text-sm text-muted">{reason}</p> : null}
      {error !== null ? <Missing error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null && reason === null ? <Skeleton rows={8} /> : null}
      {data === undefined ? null : <ReceiptReport text={data} trust={trust} />}
    </Page>
  );
}

function Missing({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  if (error instanceof Fault && error.code === "not_found")
    return (
      <Empty title="There is no receipt of this id">
        Receipts are of calls: an intent, its outcome, the verdicts on it. A gap or a completion
        belongs to no call. Ids are in the list of entries.
      </Empty>
    );
  return <FaultNotice error={error} onRetry={onRetry} />;
}
