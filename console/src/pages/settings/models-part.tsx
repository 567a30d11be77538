import { useMutation, useQuery } from "@tanstack/react-query";
import type { Models, ModelsLooked } from "../../../../src/client/client.ts";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Table } from "../../ui/table.tsx";
import { toDuration } from "../../words/to-duration.ts";
import { toBackendState } from "./backend-state.ts";
import { operators, Part, readers } from "./part.tsx";
import { Read } from "./read.tsx";
import { TryModel } from "./try-model.tsx";

const everyMs = 4_000;

export function ModelsPart() {
  const client = useClient();
  const role = useRoleReason(...operators);
  const look = useMutation({ mutationFn: async () => (await client.lookAtModels()).body });
  return (
    <Part
      title="Models"
      roles={readers}
      aside={
        <Button reason={role} busy={look.isPending} onClick={() => look.mutate()}>
          Look now
        </Button>
      }
    >
      {look.error === null ? null : <FaultNotice error={look.error} />}
      <ModelList looked={look.data ?? null} />
    </Part>
  );
}

function ModelList({ looked }: { readonly looked: ModelsLooked | null }) {
  const client = useClient();
  const query = useQuery({
    queryKey: ["models"],
    queryFn: async () => (await client.listModels()).body,
    refetchInterval: everyMs,
  });
  return (
    <Read query={query} rows={4}>
      {({ models = [], backends = [] }) =>
        backends.length === 0 ? (
          <Empty title="No model is configured" command="countersign models ls">
            Backends and routes are written in countersign.yaml below models; agents ask them by an
            alias.
          </Empty>
        ) : (
          <div className="grid gap-5">
            <Backends backends={backends} looked={looked} />
            <Aliases models={models} />
          </div>
        )
      }
    </Read>
  );
}

type Backend = NonNullable<Models["backends"]>[number];

interface BackendsProps {
  readonly backends: readonly Backend[];
  readonly looked: ModelsLooked | null;
}

function Backends({ backends, looked }: BackendsProps) {
  return (
    <Table
      label="Backends"
      rows={backends}
      keyOf={({ name }) => name}
      columns={[
        {
          title: "Backend",
          cell: ({ name, model }) => (
            <>
              <span className="font-medium">{name}</span>
              <span className="block text-xs break-all text-muted">{model}</span>
            </>
          ),
        },
        {
          title: "State",
          cell: (backend) => {
            const found = looked?.backends.find(({ name }) => name === backend.name) ?? null;
            const { tone, word, why } = toBackendState(backend, found);
            return (
              <>
                <Badge tone={tone}>{word}</Badge>
                {why === null ? null : <span className="block text-xs text-muted">{why}</span>}
              </>
            );
          },
        },
        { title: "Where", wide: true, cell: ({ host }) => host },
        { title: "Under way", numeric: true, wide: true, cell: ({ active }) => active },
        { title: "In line", numeric: true, wide: true, cell: ({ waiting }) => waiting },
        {
          title: "First token",
          numeric: true,
          wide: true,
          cell: ({ firstTokenMs }) => (firstTokenMs === null ? "–" : toDuration(firstTokenMs)),
        },
        {
          title: "Tokens/s",
          numeric: true,
          wide: true,
          cell: ({ tokensPerSecond }) =>
            tokensPerSecond === null ? "–" : Math.round(tokensPerSecond),
        },
        {
          title: "Price",
          wide: true,
          cell: ({ priced }) => (priced ? "known" : <Badge tone="warn">unknown</Badge>),
        },
      ]}
    />
  );
}

function Aliases({ models }: { readonly models: NonNullable<Models["models"]> }) {
  return (
    <ul aria-label="Aliases" className="grid gap-2 text-sm">
      {models.map(({ alias, groups }) => (
        <li key={alias} className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="font-medium">{alias}</span>
          <span className="min-w-0 text-muted">
            {groups
              .map((group) => group.map(({ backend }) => backend).join(" or "))
              .join(", else ")}
          </span>
          <span className="ml-auto">
            <TryModel alias={alias} />
          </span>
        </li>
      ))}
    </ul>
  );
}
