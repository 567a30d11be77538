import { useQuery } from "@tanstack/react-query";
import type { Approval, BlastRadius as Radius } from "../../../../src/client/client.ts";
import { useRoleReason, useSession } from "../../shell/use-session.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";

type Tool = Radius["tools"][number];

const toolsAtFirst = 8;
const tones = {
  allow: "danger",
  depends: "warn",
  ask: "info",
  deny: "neutral",
} as const satisfies Record<Tool["decision"], Tone>;
const words = {
  allow: "without asking",
  depends: "depends",
  ask: "asks",
  deny: "never",
} as const satisfies Record<Tool["decision"], string>;

/** What else whoever asks could do at worst, by the rules that serve now. */
export function BlastRadius({ approval }: { readonly approval: Approval }) {
  const { client, holder } = useSession();
  const roleReason = useRoleReason("admin", "viewer", "operator", "auditor");
  const { requester, toolset } = approval;
  const tenant = holder.tenant ?? "default";
  const who =
    requester.agent === null
      ? { as: { subject: requester.subject, tenant } }
      : { agent: requester.agent, tenant };
  const body = JSON.stringify({ ...who, toolset: toolset === "" ? null : toolset });
  const { data, error, refetch } = useQuery({
    queryKey: ["blast-radius", body],
    queryFn: async () => (await client.findBlastRadius({ body })).body,
    enabled: roleReason === null,
    staleTime: 60_000,
  });
  if (roleReason !== null)
    return <p className="text-muted">What else it could do is not shown. {roleReason}</p>;
  if (data === undefined && error !== null)
    return <FaultNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton rows={3} />;
  const more = data.tools.length - toolsAtFirst;
  return (
    <>
      <p>
        <Inert text={data.summary} />
      </p>
      <ul className="mt-2 grid gap-1">
        {data.tools.slice(0, toolsAtFirst).map((tool) => (
          <li key={tool.tool} className="flex items-baseline gap-2">
            <span className="min-w-0 truncate font-mono text-xs">
              <Inert text={tool.tool} />
            </span>
            <span className="ml-auto flex shrink-0 gap-1.5">
              {tool.effect === "destructive" ? <Badge tone="danger">destructive</Badge> : null}
              <Badge tone={tones[tool.decision]}>{words[tool.decision]}</Badge>
            </span>
          </li>
        ))}
      </ul>
      {more > 0 ? (
        <p className="mt-2 text-muted">And {more.toLocaleString("en")} more tools, all less bad.</p>
      ) : null}
      {data.unseen.length === 0 ? null : (
        <p className="mt-2 text-muted">
          Not in it, as they were never listed: <Inert text={data.unseen.join(", ")} />
        </p>
      )}
    </>
  );
}
