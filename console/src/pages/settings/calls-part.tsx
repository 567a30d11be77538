import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Inert } from "../../ui/inert.tsx";
import { useNowMs } from "../../ui/now.ts";
import { Time } from "../../ui/time.tsx";
import { Further } from "./further.tsx";
import { Part } from "./part.tsx";
import { ResolveDialog } from "./resolve-dialog.tsx";
import { findResolveReason, type DoubtfulCall } from "./resolve-words.ts";

const everyMs = 5_000;
export const callReaders = ["admin", "operator", "auditor"] as const;
export const resolvers = ["admin", "operator"] as const;

export function CallsPart() {
  return (
    <Part title="Calls in doubt" roles={callReaders} aside="sent, and nobody knows how they ended">
      <CallList />
    </Part>
  );
}

function CallList() {
  const client = useClient();
  const [chosen, setChosen] = useState<DoubtfulCall | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["calls-in-doubt"],
    queryFn: async ({ pageParam }) =>
      (await client.listCalls(pageParam === "" ? {} : { after: pageParam })).body,
    initialPageParam: "",
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: everyMs,
  });
  const calls = query.data?.pages.flatMap((page) => page.calls) ?? [];
  return (
    <Further query={query} count={calls.length}>
      {calls.length === 0 ? (
        <p className="text-sm text-muted">
          None. When a connection ends after a call with an effect was sent, it is listed here until
          somebody has looked at the server.
        </p>
      ) : (
        <ul aria-label="Calls in doubt" className="divide-y divide-line">
          {calls.map((call) => (
            <CallRow key={call.id} call={call} onResolve={() => setChosen(call)} />
          ))}
        </ul>
      )}
      {chosen === null ? null : <ResolveDialog call={chosen} onClose={() => setChosen(null)} />}
    </Further>
  );
}

interface CallRowProps {
  readonly call: DoubtfulCall;
  readonly onResolve: () => void;
}

function CallRow({ call, onResolve }: CallRowProps) {
  const nowMs = useNowMs();
  const role = useRoleReason(...resolvers);
  const { id, server, tool, subject, at, intent } = call;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 py-3 text-sm first:pt-0 last:pb-0">
      <Badge tone="danger">{call.state === "open" ? "no answer" : "nobody knows"}</Badge>
      <div className="min-w-0 flex-1 basis-48">
        <p className="font-medium break-words">
          <Inert text={`${server} · ${tool ?? "no tool"}`} />
        </p>
        <p className="text-muted">
          by <Inert text={subject} /> <Time at={at} /> ·{" "}
          <Link to={`/receipts/${id}`} className="text-accent underline">
            receipt
          </Link>{" "}
          · <Copy text={intent} label="digest of the intent" />
        </p>
      </div>
      <Button
        reason={role ?? findResolveReason(call, nowMs)}
        label={`Say how it ended: ${server} ${tool ?? ""}`}
        onClick={onResolve}
      >
        Say how it ended
      </Button>
    </li>
  );
}
