import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Passkey } from "../../../../src/client/client.ts";
import { Fault } from "../../../../src/model/fault.ts";
import { useClient, useSession } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { Confirm } from "./confirm.tsx";
import { Further } from "./further.tsx";
import { Part } from "./part.tsx";
import { removeAny, removeOwn } from "./sign-removal.ts";

export function PasskeysPart() {
  return (
    <Part
      title="Passkeys"
      roles={["admin", "approver"]}
      aside={
        <a className="text-accent underline" href="/passkeys">
          Add a passkey
        </a>
      }
    >
      <PasskeyList />
    </Part>
  );
}

function PasskeyList() {
  const client = useClient();
  const [chosen, setChosen] = useState<Passkey | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["passkeys"],
    queryFn: async ({ pageParam }) =>
      (await client.listPasskeys(pageParam === "" ? {} : { after: pageParam })).body,
    initialPageParam: "",
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = query.data?.pages.flatMap(({ passkeys }) => passkeys) ?? [];
  return (
    <Further query={query} count={rows.length}>
      {rows.length === 0 ? (
        <Empty title="No passkey yet" command="countersign passkeys invite APPROVER">
          With a passkey, an approval is signed by the approver's own device: the record proves it
          without believing this server. The first one takes an admin's invitation.
        </Empty>
      ) : (
        <Table
          label="Passkeys"
          rows={rows}
          keyOf={({ id }) => id}
          columns={[
            { title: "Approver", cell: ({ approver }) => approver },
            { title: "Passkey", cell: ({ id }) => <Copy text={id} label="id of the passkey" /> },
            { title: "Kind", wide: true, cell: ({ algorithm }) => algorithm },
            {
              title: "Added",
              wide: true,
              cell: ({ addedAt, addedBy }) => (
                <>
                  <Time at={addedAt} /> by {addedBy}
                </>
              ),
            },
            {
              title: "Last used",
              wide: true,
              cell: ({ usedAt }) => (usedAt === null ? "never" : <Time at={usedAt} />),
            },
            {
              title: "Remove",
              cell: (passkey) => (
                <Button
                  label={`Remove the passkey ${passkey.id} of ${passkey.approver}`}
                  onClick={() => setChosen(passkey)}
                >
                  Remove
                </Button>
              ),
            },
          ]}
        />
      )}
      {chosen === null ? null : <RemoveDialog passkey={chosen} onClose={() => setChosen(null)} />}
    </Further>
  );
}

interface RemoveDialogProps {
  readonly passkey: Passkey;
  readonly onClose: () => void;
}

function RemoveDialog({ passkey: { id, approver }, onClose }: RemoveDialogProps) {
  const { client, holder } = useSession();
  const cache = useQueryClient();
  const isAdmin = holder.roles.includes("admin");
  const remove = useMutation({
    mutationFn: () => (isAdmin ? removeAny(client, id) : removeOwn(client, id)),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["passkeys"] });
      onClose();
    },
  });
  const { isPending, error } = remove;
  return (
    <Confirm
      title={`Remove this passkey of ${approver}?`}
      word={isAdmin ? "Remove it" : "Confirm with a passkey"}
      mutation={{ isPending, error: error === null ? null : toShown(error) }}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      It signs no approval any more. What it signed stays proven.{" "}
      {isAdmin ? "" : "Your browser asks one of your passkeys to agree."}
    </Confirm>
  );
}

/** What the browser says to whoever cancelled is no bug of the page. */
function toShown(error: Error): Error {
  if (error instanceof Fault) return error;
  const message =
    error.name === "NotAllowedError"
      ? "Nothing was removed: it was cancelled or took too long, or no passkey fitted."
      : error.message;
  return new Fault("passkey_refused", message);
}
