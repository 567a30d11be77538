import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Credentials } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { Confirm } from "./confirm.tsx";
import { Further } from "./further.tsx";
import { Part } from "./part.tsx";

type Credential = Credentials["credentials"][number];

export function CredentialsPart() {
  return (
    <Part title="Credentials that people granted" roles={["admin", "caller"]}>
      <CredentialList />
    </Part>
  );
}

function CredentialList() {
  const client = useClient();
  const [chosen, setChosen] = useState<Credential | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["credentials"],
    queryFn: async ({ pageParam }) =>
      (await client.listCredentials(pageParam === "" ? {} : { after: pageParam })).body,
    initialPageParam: "",
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = query.data?.pages.flatMap(({ credentials }) => credentials) ?? [];
  return (
    <Further query={query} count={rows.length}>
      {rows.length === 0 ? (
        <Empty title="Nobody granted anything yet">
          When a server wants a person's consent, the call says where to agree. What was granted is
          listed here, and can be taken back.
        </Empty>
      ) : (
        <Table
          label="Credentials"
          rows={rows}
          keyOf={({ server, subject }) => `${server} ${subject}`}
          columns={[
            { title: "Server", cell: ({ server }) => server },
            { title: "Granted by", cell: ({ subject }) => subject },
            { title: "Goes to", wide: true, cell: ({ hosts }) => hosts.join(", ") },
            { title: "Since", wide: true, cell: ({ writtenAt }) => <Time at={writtenAt} /> },
            {
              title: "Take back",
              cell: (credential) => (
                <Button
                  label={`Revoke the credential of ${credential.subject} for ${credential.server}`}
                  onClick={() => setChosen(credential)}
                >
                  Revoke
                </Button>
              ),
            },
          ]}
        />
      )}
      {chosen === null ? null : (
        <RevokeDialog credential={chosen} onClose={() => setChosen(null)} />
      )}
    </Further>
  );
}

interface RevokeDialogProps {
  readonly credential: Credential;
  readonly onClose: () => void;
}

function RevokeDialog({ credential: { server, subject }, onClose }: RevokeDialogProps) {
  const client = useClient();
  const cache = useQueryClient();
  const revoke = useMutation({
    mutationFn: async () => (await client.revokeCredential({ server, subject })).body,
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["credentials"] });
      onClose();
    },
  });
  return (
    <Confirm
      title={`Revoke what ${subject} granted for ${server}?`}
      word="Revoke"
      mutation={revoke}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      It is removed here at once, and revoked at the authorization server if that answers. The next
      call in this name asks for consent again.
    </Confirm>
  );
}
