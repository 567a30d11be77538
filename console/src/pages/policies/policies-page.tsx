import { useQuery } from "@tanstack/react-query";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Time } from "../../ui/time.tsx";
import { useSearchText } from "../servers/use-search-text.ts";
import { BlastView } from "./blast-view.tsx";
import { CasesView } from "./cases-view.tsx";
import { ExplainView } from "./explain-view.tsx";
import { checkQuery, servingQuery, type ServingPolicy } from "./policy-queries.ts";
import { RulesView } from "./rules-view.tsx";

const tabs = [
  { name: "rules", title: "Rules" },
  { name: "ask", title: "Ask policy" },
  { name: "cases", title: "Cases" },
  { name: "blast", title: "Blast radius" },
] as const;

export function PoliciesPage() {
  const client = useClient();
  const tab = useSearchText("tab");
  const serving = useQuery(servingQuery(client));
  const check = useQuery(checkQuery(client));
  const chosen = tabs.find(({ name }) => name === tab)?.name ?? "rules";
  return (
    <Page
      title="Policies"
      fills
      aside={serving.data === undefined ? null : <Revision serving={serving.data} />}
    >
      <div className="flex h-full min-h-0 flex-col">
        <Tabs tabs={tabs} chosen={chosen} />
        <div className="min-h-0 flex-1 overflow-y-auto p-4 md:p-6">
          {serving.error === null ? null : (
            <FaultNotice error={serving.error} onRetry={() => void serving.refetch()} />
          )}
          {serving.isPending ? <Skeleton rows={8} /> : null}
          {serving.data === undefined ? null : (
            <>
              {chosen === "rules" ? (
                <RulesView serving={serving.data} check={check.data ?? null} />
              ) : null}
              {chosen === "ask" ? <ExplainView serving={serving.data} /> : null}
              {chosen === "cases" ? <CasesView /> : null}
              {chosen === "blast" ? <BlastView serving={serving.data} /> : null}
            </>
          )}
        </div>
      </div>
    </Page>
  );
}

function Revision({
  serving: { digest, appliedAt, texts, rule },
}: {
  readonly serving: ServingPolicy;
}) {
  return (
    <span className="flex flex-wrap items-center gap-2 text-xs text-muted">
      {texts.length === 0 ? (
        <Badge tone={rule === "allow-all" ? "danger" : "neutral"}>{rule}</Badge>
      ) : null}
      <span className="hidden sm:inline">
        Revision <Copy text={digest} label="digest of the revision" /> applied{" "}
        <Time at={appliedAt} />
      </span>
    </span>
  );
}
