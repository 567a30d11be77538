import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { toolsQuery } from "./server-queries.ts";
import { effectTones, findTools } from "./server-words.ts";

const mostShown = 50;

/** Tools of all servers that fit what was typed. */
export function FoundTools({
  wanted,
  hasServers,
}: {
  readonly wanted: string;
  readonly hasServers: boolean;
}) {
  const { data: tools, isPending } = useQuery(toolsQuery(useClient()));
  if (isPending) return <Skeleton rows={3} />;
  const found = findTools(tools ?? [], wanted);
  if (found.length === 0) {
    return (
      <p className="mt-4 text-sm text-muted">
        No {hasServers ? "tool" : "server and no tool"} fits “{wanted}”.
      </p>
    );
  }
  const rest = found.length - mostShown;
  return (
    <div className="mt-6">
      <Section title="Tools" aside={`${found.length} of ${tools?.length ?? 0}`}>
        <ul className="-m-1 grid gap-1">
          {found.slice(0, mostShown).map(({ name, server, description, effect, blocked }) => (
            <li key={name}>
              <Link
                to="/servers/$name"
                params={{ name: server }}
                search={{ tool: name }}
                className="flex flex-wrap items-baseline gap-x-2 rounded-md px-2 py-1.5 hover:bg-hover"
              >
                <span className="font-mono text-xs font-medium">
                  <Inert text={name} />
                </span>
                <Badge tone={effectTones[effect]}>{effect}</Badge>
                {blocked === null ? null : <Badge tone="danger">blocked</Badge>}
                <span className="line-clamp-1 min-w-40 flex-1 text-sm text-muted">
                  <Inert text={description.slice(0, 200)} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
        {rest > 0 ? (
          <p className="mt-3 text-xs text-muted">And {rest} more; type another word.</p>
        ) : null}
      </Section>
    </div>
  );
}
