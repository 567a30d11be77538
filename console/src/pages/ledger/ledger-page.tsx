import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useSession } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Page } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { EntriesTab } from "./entries-tab.tsx";
import { FileTab } from "./file-tab.tsx";
import { ledgerQuery } from "./ledger-query.ts";
import { LogTab } from "./log-tab.tsx";
import { stateWords } from "./log-words.ts";

const tabs = [
  { name: "entries", title: "Entries" },
  { name: "log", title: "The log" },
  { name: "file", title: "Check a file" },
] as const;

export function LedgerPage() {
  const search: { readonly tab?: unknown; readonly kind?: unknown } = useSearch({ strict: false });
  const { data } = useQuery(ledgerQuery(useSession()));
  const chosen = tabs.find(({ name }) => name === search.tab)?.name ?? "entries";
  const kind = typeof search.kind === "string" ? search.kind : null;
  return (
    <Page
      title="Ledger"
      fills
      aside={
        data === undefined ? null : (
          <>
            <Badge tone={stateWords[data.state].tone} title={stateWords[data.state].means}>
              {stateWords[data.state].word}
            </Badge>
            <span className="text-xs text-muted tabular-nums">
              {data.size.toLocaleString("en")} entries
            </span>
          </>
        )
      }
    >
      <div className="flex h-full min-h-0 flex-col">
        <Tabs tabs={tabs} chosen={chosen} />
        <div className="min-h-0 flex-1 overflow-y-auto">
          {chosen === "entries" ? <EntriesTab kind={kind} /> : null}
          {chosen === "log" ? <LogTab /> : null}
          {chosen === "file" ? <FileTab /> : null}
        </div>
      </div>
    </Page>
  );
}
