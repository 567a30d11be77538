import type { Bundle } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { toBytes, toCount } from "../../words/to-amount.ts";
import { toLimitWords } from "./bundle-words.ts";
import { TextBlock } from "./text-block.tsx";

type Parts = Bundle["bundle"];

/** Where the programs behind its tools run, and what they may reach. */
export function IsolationParts({ servers }: Pick<Parts, "servers">) {
  return (
    <Section title="Servers and sandboxes" aside={servers.length}>
      {servers.length === 0 ? <p className="text-sm text-muted">No server is behind it.</p> : null}
      <ul className="grid gap-3">
        {servers.map(({ name, version, source, isolation, sandbox }) => (
          <li key={name} className="min-w-0 text-sm">
            <div className="flex flex-wrap items-center gap-2">
              <strong className="font-medium">{name}</strong>
              <Badge tone={isolation === "none" ? "warn" : "neutral"}>
                {isolation === "none" ? "no sandbox" : isolation}
              </Badge>
              {version === null ? null : (
                <span className="text-muted">
                  <Inert text={version} />
                </span>
              )}
              <Copy text={source} label={`source of ${name}`} />
            </div>
            {sandbox === null ? null : (
              <p className="mt-1 break-words text-muted">
                Reaches {sandbox.egress.length === 0 ? "no host" : sandbox.egress.join(", ")}; files{" "}
                {sandbox.files
                  .map(({ path, write }) => `${path}${write ? " (writes)" : ""}`)
                  .join(", ") || "none"}
                ; {toLimitWords(sandbox.limits) || "no limits"}.
              </p>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function SkillParts({ skills }: Pick<Parts, "skills">) {
  return (
    <Section title="Skills" aside={skills.length}>
      {skills.length === 0 ? <p className="text-sm text-muted">It reads no skills.</p> : null}
      <ul className="grid gap-3">
        {skills.map(({ name, description, digest, wishes, files }) => (
          <li key={name} className="min-w-0 text-sm">
            <div className="flex flex-wrap items-center gap-2">
              <strong className="font-medium">{name}</strong>
              <Copy text={digest} label={`digest of ${name}`} />
              <span className="text-muted">
                {files.length} files, {toBytes(files.reduce((sum, { size }) => sum + size, 0))}
              </span>
            </div>
            <p className="text-muted">
              <Inert text={description} />
              {wishes.length === 0
                ? null
                : ` Wishes for ${wishes.join(", ")}; nothing is granted by it.`}
            </p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What the model has before it besides instructions and conversation. */
export function MemoryParts({ parts: { context, memory } }: { readonly parts: Parts }) {
  return (
    <Section title="Context and memory">
      <Facts
        facts={[
          {
            name: "Window",
            value: context === undefined ? "the usual" : `${toCount(context.window)} tokens`,
          },
          {
            name: "Compaction",
            value:
              context === undefined
                ? "the usual"
                : `at ${Math.round(context.compaction.at * 100)} %, the latest ${context.compaction.keepTurns} turns stay`,
          },
          {
            name: "Sources",
            value: context?.sources.map((source) => String(source["name"])).join(", ") || "none",
          },
          { name: "Memory", value: memory === null ? "none" : "yes, as follows" },
        ]}
      />
      {memory === null ? null : (
        <div className="mt-3">
          <TextBlock label="Memory" text={JSON.stringify(memory, null, 2)} />
        </div>
      )}
    </Section>
  );
}
