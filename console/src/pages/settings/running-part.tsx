import { useQuery } from "@tanstack/react-query";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { everyone, Part } from "./part.tsx";
import { Read } from "./read.tsx";

const everyMs = 5_000;

/** Which build runs on what, and whether it can do its work. */
export function RunningPart() {
  return (
    <Part title="What runs" roles={everyone}>
      <Running />
    </Part>
  );
}

function Running() {
  const client = useClient();
  const version = useQuery({
    queryKey: ["version"],
    queryFn: async () => (await client.getVersion()).body,
    refetchInterval: everyMs,
  });
  const ready = useQuery({
    queryKey: ["ready"],
    queryFn: async () => (await client.getReady()).body,
    refetchInterval: everyMs,
  });
  return (
    <div className="grid gap-6 lg:grid-cols-2">
      <Read query={version}>
        {({ version: number, node, revision }) => (
          <Facts
            facts={[
              { name: "Countersign", value: number },
              { name: "Node", value: node },
              { name: "Revision", value: <Copy text={revision} label="digest of the revision" /> },
              {
                name: "On its machine",
                value: <code className="font-mono text-xs">countersign doctor</code>,
              },
            ]}
          />
        )}
      </Read>
      <Read query={ready}>
        {({ status, checks }) => (
          <div>
            <p className="mb-2 flex items-center gap-2 text-sm">
              This replica is
              <Badge tone={status === "ready" ? "ok" : "danger"}>{status}</Badge>
            </p>
            <ul className="grid gap-1.5 text-sm">
              {checks.map(({ name, ready: isReady, reason }) => (
                <li key={name} className="flex flex-wrap items-center gap-2">
                  <Badge tone={isReady ? "ok" : "danger"}>{isReady ? "ready" : "not ready"}</Badge>
                  {name}
                  {reason === null ? null : <span className="text-danger">{reason}</span>}
                </li>
              ))}
            </ul>
          </div>
        )}
      </Read>
    </div>
  );
}
