import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Time } from "../../ui/time.tsx";
import { FreezeDialog } from "./freeze-dialog.tsx";
import { freezesKey, useLift } from "./use-freezes.ts";
import { sortFreezes, toFreezeTitle, type Freeze, type FreezeKind } from "./freeze-words.ts";
import { Confirm } from "./confirm.tsx";
import { operators, Part, readers } from "./part.tsx";
import { Read } from "./read.tsx";

const everyMs = 3_000;

export function FreezesPart() {
  const [opened, setOpened] = useState<FreezeKind | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const role = useRoleReason(...operators);
  return (
    <Part
      title="Freezes"
      roles={readers}
      aside={
        <Button reason={role} onClick={() => setOpened("tool")}>
          Freeze …
        </Button>
      }
    >
      <div className="mb-5 flex flex-wrap items-center gap-4 rounded-lg border border-danger/40 bg-danger-soft p-4">
        <div className="min-w-0 flex-1 basis-64 text-sm">
          <p className="font-semibold text-danger">Something is going badly wrong?</p>
          <p className="mt-1">
            Stop everything of this tenant, on every replica, within two seconds. What is on its way
            may still be carried out; what waits for a person is void.
          </p>
        </div>
        <Button look="danger" reason={role} onClick={() => setOpened("tenant")}>
          Freeze the whole tenant
        </Button>
      </div>
      <p role="status" className={said === null ? "sr-only" : "mb-4 text-sm text-warn"}>
        {said}
      </p>
      <FreezeList />
      {opened === null ? null : (
        <FreezeDialog kind={opened} onClose={() => setOpened(null)} onFrozen={setSaid} />
      )}
    </Part>
  );
}

function FreezeList() {
  const client = useClient();
  const [chosen, setChosen] = useState<Freeze | null>(null);
  const query = useQuery({
    queryKey: freezesKey,
    queryFn: async () => (await client.listFreezes()).body.freezes,
    refetchInterval: everyMs,
  });
  return (
    <Read query={query}>
      {(freezes) => (
        <>
          {freezes.length === 0 ? (
            <p className="text-sm text-muted">Nothing is frozen, and nothing was.</p>
          ) : (
            <ul aria-label="Freezes" className="divide-y divide-line">
              {sortFreezes(freezes).map((freeze) => (
                <FreezeRow
                  key={`${freeze.kind} ${freeze.name} ${freeze.at}`}
                  freeze={freeze}
                  onLift={() => setChosen(freeze)}
                />
              ))}
            </ul>
          )}
          {chosen === null ? null : <LiftDialog freeze={chosen} onClose={() => setChosen(null)} />}
        </>
      )}
    </Read>
  );
}

function FreezeRow({ freeze, onLift }: { readonly freeze: Freeze; readonly onLift: () => void }) {
  const { reason, by, at, lifted } = freeze;
  const role = useRoleReason(...operators);
  const title = toFreezeTitle(freeze);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 py-3 text-sm first:pt-0 last:pb-0">
      <Badge tone={lifted === null ? "danger" : "neutral"}>
        {lifted === null ? "frozen" : "lifted"}
      </Badge>
      <div className="min-w-0 flex-1 basis-48">
        <p className="font-medium break-words">
          <Inert text={title} />
        </p>
        <p className="break-words text-muted">
          <Inert text={reason} />, says {by} <Time at={at} />
          {lifted === null ? null : (
            <>
              ; lifted by {lifted.by} <Time at={lifted.at} />
            </>
          )}
        </p>
      </div>
      {lifted === null ? (
        <Button reason={role} label={`Lift the freeze of ${title}`} onClick={onLift}>
          Lift
        </Button>
      ) : null}
    </li>
  );
}

interface LiftDialogProps {
  readonly freeze: Freeze;
  readonly onClose: () => void;
}

function LiftDialog({ freeze, onClose }: LiftDialogProps) {
  const lift = useLift(onClose);
  return (
    <Confirm
      title={`Let ${toFreezeTitle(freeze)} go on?`}
      word="Lift the freeze"
      mutation={lift}
      onConfirm={() => lift.mutate(freeze)}
      onClose={onClose}
    >
      <p>
        It was frozen because: <Inert text={freeze.reason} />. Calls go on at once; approvals that
        the freeze made void are asked for again.
      </p>
    </Confirm>
  );
}
