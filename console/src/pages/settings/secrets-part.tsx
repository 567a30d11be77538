import { useInfiniteQuery } from "@tanstack/react-query";
import { useClient } from "../../shell/use-session.ts";
import { Empty } from "../../ui/empty.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { Further } from "./further.tsx";
import { Part } from "./part.tsx";

export function SecretsPart() {
  return (
    <Part title="Secrets" roles={["admin"]} aside="names alone: no value is ever shown again">
      <SecretList />
    </Part>
  );
}

function SecretList() {
  const client = useClient();
  const query = useInfiniteQuery({
    queryKey: ["secrets"],
    queryFn: async ({ pageParam }) =>
      (await client.listSecrets(pageParam === "" ? {} : { after: pageParam })).body,
    initialPageParam: "",
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = query.data?.pages.flatMap(({ secrets }) => secrets) ?? [];
  return (
    <Further query={query} count={rows.length}>
      {rows.length === 0 ? (
        <Empty title="No secret is stored" command="countersign secrets set NAME --host HOST">
          A stored secret is encrypted and goes to the hosts that it names, and nowhere else.
        </Empty>
      ) : (
        <Table
          label="Secrets"
          rows={rows}
          keyOf={({ name, subject }) => `${name} ${subject ?? ""}`}
          columns={[
            { title: "Name", cell: ({ name }) => <code className="text-xs">{name}</code> },
            { title: "Whose", cell: ({ subject }) => subject ?? "everybody's" },
            { title: "Version", numeric: true, wide: true, cell: ({ version }) => version },
            {
              title: "Goes to",
              wide: true,
              cell: ({ hosts }) => (hosts.length === 0 ? "no host" : hosts.join(", ")),
            },
            { title: "Written", cell: ({ writtenAt }) => <Time at={writtenAt} /> },
          ]}
        />
      )}
    </Further>
  );
}
