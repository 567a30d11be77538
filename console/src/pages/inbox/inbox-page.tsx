import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Approval } from "../../../../src/client/client.ts";
import { approvalQuery, approvalReaders } from "../../api/approvals-query.ts";
import { useRoleReason, useSession } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { useHotkeys } from "../../ui/hotkeys.ts";
import { Page } from "../../ui/page.tsx";
import { useSignal } from "../../ui/signal.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { useWide } from "../../ui/use-wide.ts";
import { chosenIds, clearChosen, toggleChosen } from "./chosen.ts";
import { stepFrom } from "./keep-rows.ts";
import { Keys } from "./keys.tsx";
import type { Word } from "./outcome-words.ts";
import { Reading } from "./reading.tsx";
import { Together } from "./together.tsx";
import { useRows } from "./use-rows.ts";
import { WaitingList } from "./waiting-list.tsx";

export function InboxPage() {
  const reason = useRoleReason(...approvalReaders);
  if (reason === null) return <Inbox />;
  return (
    <Page title="Inbox">
      <Empty title="This key may not see what waits">{reason}</Empty>
    </Page>
  );
}

function Inbox() {
  const params: { readonly id?: string } = useParams({ strict: false });
  const read = params.id ?? null;
  const { rows, waiting, error, refetch } = useRows(read);
  const [isShowingKeys, setShowingKeys] = useState(false);
  const [together, setTogether] = useState<Word | null>(null);
  const end = useEnd(read);
  const ids = useSignal(chosenIds);
  const chosen = rows.flatMap(({ approval, isOver }): readonly Approval[] =>
    !isOver && ids.has(approval.id) ? [approval] : [],
  );
  // Also where all of them are over by now: a key that meant them does not mean the one that is read.
  const isTogether = ids.size > 0;
  const goTo = useGoTo();
  const isWide = useWide();
  const first = rows[0]?.approval.id;
  useEffect(() => {
    // Beside a list there is always one that is read; its address is that of the page from then on.
    if (isWide && read === null && first !== undefined) goTo(first, true);
  }, [isWide, read, first, goTo]);
  const count = waiting?.length ?? 0;
  useEffect(() => {
    document.title = `${count === 0 ? "" : `(${count}) `}Inbox · Countersign`;
  }, [count]);
  const step = (by: 1 | -1): void => goTo(stepFrom(rows, read, by));
  useHotkeys([
    { keys: "j", title: "The next one", run: () => step(1), repeats: true },
    { keys: "k", title: "The one before", run: () => step(-1), repeats: true },
    { keys: "x", title: "Select", run: () => (read === null ? undefined : toggleChosen(read)) },
    { keys: "?", title: "The keys", run: () => setShowingKeys(true) },
    {
      keys: "Escape",
      title: "Back",
      run: () => (isTogether ? clearChosen() : isWide ? undefined : goTo(null)),
    },
    ...(read === null
      ? [{ keys: "Enter", title: "Open", run: () => openFocused(first, goTo) }]
      : []),
    ...(!isTogether
      ? []
      : [
          { keys: "a", title: "Approve them", run: () => setTogether("approved") },
          { keys: "d", title: "Deny them", run: () => setTogether("denied") },
        ]),
  ]);
  return (
    <Page
      title="Inbox"
      fills
      aside={count === 0 ? null : <Badge tone="accent">{count} waiting</Badge>}
      actions={
        <Button look="quiet" hotkey="?" label="Keys" onClick={() => setShowingKeys(true)}>
          Keys
        </Button>
      }
    >
      {waiting === undefined ? (
        <Opening error={error} onRetry={() => void refetch()} />
      ) : count === 0 && read === null ? (
        <Nothing />
      ) : (
        <div className="flex h-full min-h-0">
          <div
            className={`min-h-0 w-full shrink-0 border-r border-line bg-surface lg:block lg:w-80 ${read === null ? "" : "hidden"}`}
          >
            <WaitingList
              rows={rows}
              read={read}
              end={end}
              chosen={chosen}
              onTogether={setTogether}
              error={error}
            />
          </div>
          {read === null ? null : (
            <div className="min-h-0 min-w-0 flex-1">
              <Reading
                key={read}
                id={read}
                listed={rows.find(({ approval }) => approval.id === read)?.approval}
                isTogether={isTogether}
              />
            </div>
          )}
        </div>
      )}
      {isShowingKeys ? <Keys onClose={() => setShowingKeys(false)} /> : null}
      {together === null ? null : (
        <Together
          approvals={chosen}
          word={together}
          onClose={() => {
            setTogether(null);
            clearChosen();
          }}
        />
      )}
    </Page>
  );
}

/** To one of them; null: to the list alone. On a wide page there is no list alone. */
function useGoTo(): (id: string | null, replaces?: boolean) => void {
  const navigate = useNavigate();
  const go = useRef(navigate);
  go.current = navigate;
  const [goTo] = useState(() => (id: string | null, replaces = false): void => {
    const place =
      id === null
        ? ({ to: "/approvals" } as const)
        : ({ to: "/approvals/$id", params: { id } } as const);
    void go.current({ ...place, replace: replaces }).then(() => {
      if (id !== null && !replaces)
        document.querySelector<HTMLElement>(`[data-row="${id}"]`)?.focus();
    });
  });
  return goTo;
}

/** How what is read ended, once it did. */
function useEnd(read: string | null): Approval["state"] | null {
  const { data } = useQuery({ ...approvalQuery(useSession(), read ?? ""), enabled: false });
  return data === undefined || data.state === "pending" ? null : data.state;
}

/** Enter presses whatever has the focus; where nothing has it, it opens the first. */
function openFocused(first: string | undefined, goTo: (id: string | null) => void): void {
  const { activeElement } = document;
  if (activeElement instanceof HTMLElement && activeElement.matches("a, button, summary"))
    activeElement.click();
  else if (first !== undefined) goTo(first);
}

function Opening({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  if (error === null) return <Skeleton rows={8} />;
  return (
    <div className="p-4 md:p-6">
      <FaultNotice error={error} onRetry={onRetry} />
    </div>
  );
}

function Nothing() {
  return (
    <Empty
      title="Nothing waits for a decision"
      command={`countersign tools call memory__delete_entities \\\n  '{"entityNames":["draft"]}'`}
    >
      When a rule asks for a person, the call waits here until somebody has said yes or no. It
      appears by itself. With the rules that a new server starts with, this asks:
    </Empty>
  );
}
