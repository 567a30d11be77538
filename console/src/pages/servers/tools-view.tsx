import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { ServerFacts } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import { lintQuery } from "./server-queries.ts";
import { breakerTones, effectTones, findTools } from "./server-words.ts";
import { useSearchText } from "./use-search-text.ts";
import type { ServerTool } from "./server-tool.ts";
import { ToolView } from "./tool-view.tsx";

/** The tools at one side, the chosen one at the other. */
export function ToolsView({ facts }: { readonly facts: ServerFacts }) {
  const chosen = useSearchText("tool");
  const [wanted, setWanted] = useState("");
  const lint = useQuery(lintQuery(useClient()));
  const complaints = lint.data ?? [];
  const found = findTools(facts.tools, wanted);
  const tool = facts.tools.find(({ name }) => name === chosen);
  if (facts.tools.length === 0) return <NoTools facts={facts} />;
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,22rem)_minmax(0,1fr)]">
      <div className={`min-w-0 ${tool === undefined ? "" : "hidden lg:block"}`}>
        <Field
          label="Find a tool"
          hideLabel
          placeholder="Find a tool"
          value={wanted}
          onChange={setWanted}
        />
        <ul className="mt-3 overflow-hidden rounded-lg border border-line bg-surface">
          {found.map((each) => (
            <li key={each.name} className="border-b border-line last:border-0">
              <ToolRow
                tool={each}
                isChosen={each.name === chosen}
                complaints={complaints.filter(({ tool: name }) => name === each.name).length}
              />
            </li>
          ))}
          {found.length === 0 ? (
            <li className="px-3 py-2 text-sm text-muted">No tool here fits “{wanted}”.</li>
          ) : null}
        </ul>
      </div>
      <div className="min-w-0">
        {tool === undefined ? (
          <div className="hidden rounded-lg border border-dashed border-line-strong px-6 py-12 text-center text-sm text-muted lg:block">
            {chosen === null
              ? "Choose a tool to read what it says, what it takes, and to try it."
              : "This server has no tool of that name now."}
          </div>
        ) : (
          <ToolView
            key={tool.name}
            tool={tool}
            complaints={complaints.filter(({ tool: name }) => name === tool.name)}
          />
        )}
      </div>
    </div>
  );
}

function NoTools({ facts: { server } }: { readonly facts: ServerFacts }) {
  return (
    <Empty
      title={server.listedAt === null ? "It was never listed" : "It offers no tools"}
      {...(server.listedAt === null ? { command: "countersign doctor" } : {})}
    >
      {server.listedAt === null
        ? "Its tools are known once it answers for the first time. Refresh lists it now, and says what is wrong."
        : "It may offer prompts or resources, which clients see all the same."}
    </Empty>
  );
}

interface ToolRowProps {
  readonly tool: ServerTool;
  readonly isChosen: boolean;
  readonly complaints: number;
}

function ToolRow({ tool, isChosen, complaints }: ToolRowProps) {
  const { name, ownName, description, effect, blocked, breaker } = tool;
  return (
    <Link
      to="."
      search={(before: Record<string, unknown>) => ({ ...before, tool: name })}
      aria-current={isChosen ? "true" : undefined}
      className={`block px-3 py-2 ${isChosen ? "bg-accent-soft" : "hover:bg-hover"}`}
    >
      <span className="flex flex-wrap items-center gap-1.5">
        <span className="min-w-0 font-mono text-xs font-medium wrap-anywhere">
          <Inert text={ownName} />
        </span>
        <span className="ml-auto flex gap-1">
          {blocked === null ? null : <Badge tone="danger">blocked</Badge>}
          {breaker === null ? null : (
            <Badge tone={breakerTones[breaker.state]}>breaker {breaker.state}</Badge>
          )}
          {complaints > 0 ? <Badge tone="warn">{complaints} lint</Badge> : null}
          <Badge tone={effectTones[effect]}>{effect}</Badge>
        </span>
      </span>
      <span className="mt-0.5 line-clamp-1 text-xs text-muted">
        <Inert text={description.slice(0, 160)} />
      </span>
    </Link>
  );
}
