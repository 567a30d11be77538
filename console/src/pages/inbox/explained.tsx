import { Link } from "@tanstack/react-router";
import type { Approval } from "../../../../src/client/client.ts";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Time } from "../../ui/time.tsx";
import { labelWords } from "./approval-words.ts";
import { BlastRadius } from "./blast-radius.tsx";

/** Behind E: the rules and what can be done about them, what it can reach, who asks and what is called. */
export function Explained({ approval }: { readonly approval: Approval }) {
  return (
    <>
      <Remedies approval={approval} />
      <Section title="What it can reach">
        <Reach approval={approval} />
      </Section>
      <Section title="What whoever asks could do at worst">
        <BlastRadius approval={approval} />
      </Section>
      <Section title="Who asks, and what is called">
        <Called approval={approval} />
      </Section>
    </>
  );
}

function Remedies({ approval: { rules, labels, requester } }: { readonly approval: Approval }) {
  return (
    <Section title="What can be done about it">
      <ul className="grid list-disc gap-1.5 pl-4">
        <li>Approve: this one call is made, once. The next one asks again.</li>
        <li>Deny: the call is not made, and whoever asked is told your reason.</li>
        <li>
          To be asked less or more, change{" "}
          {rules.length === 1 ? "the rule" : `one of the ${rules.length} rules`} that asked: each
          leads to its place in{" "}
          <Link to="/policies" className="text-accent underline">
            Policies
          </Link>
          .
        </li>
        {labels.includes("untrusted") ? (
          <li>
            {requester.agent === null ? "The caller" : "The agent"} can begin in a new context: what
            has read nothing untrusted may be asked less.
          </li>
        ) : null}
      </ul>
    </Section>
  );
}

function Reach({ approval: { reach, outward, labels } }: { readonly approval: Approval }) {
  const known =
    reach === null
      ? [{ name: "server", value: "not registered any more" }]
      : [
          { name: "over", value: <Inert text={reach.transport} /> },
          {
            name: "hosts",
            value:
              reach.hosts.length === 0 ? "none known" : <Inert text={reach.hosts.join(", ")} />,
          },
          {
            name: "credential",
            value: reach.credential === null ? "none" : <Inert text={reach.credential} />,
          },
        ];
  const labelled = labels.map((label) => (
    <span key={label} className="block">
      {label}: {labelWords[label] ?? ""}
    </span>
  ));
  return (
    <Facts
      facts={[
        ...known,
        { name: "outward", value: outward ? "yes: what goes into it may leave the house" : "no" },
        {
          name: "labels",
          value: labels.length === 0 ? "none: it has touched nothing labelled" : labelled,
        },
      ]}
    />
  );
}

function Called({ approval }: { readonly approval: Approval }) {
  const { requester, toolset, createdAt, server, tool, method, target, description } = approval;
  return (
    <>
      <Facts
        facts={[
          { name: requester.kind, value: <Inert text={requester.subject} /> },
          {
            name: "agent",
            value: requester.agent === null ? "none" : <Inert text={requester.agent} />,
          },
          { name: "toolset", value: toolset === "" ? "all tools" : <Inert text={toolset} /> },
          { name: "asked", value: <Time at={createdAt} /> },
          { name: "server", value: <Inert text={server} /> },
          { name: "tool", value: tool === null ? "none" : <Inert text={tool} /> },
          { name: "method", value: <Inert text={method} /> },
          { name: "called as", value: <Inert text={target} /> },
          { name: "approval", value: <Copy text={approval.id} label="id of the approval" /> },
          { name: "intent", value: <Copy text={approval.digest} label="digest of the intent" /> },
        ]}
      />
      {description === null ? null : (
        <>
          <p className="mt-4 text-muted">
            The description that was accepted with it, in the server's words:
          </p>
          <blockquote className="mt-1 border-l-2 border-line-strong pl-3">
            <Inert text={description} lines />
          </blockquote>
        </>
      )}
    </>
  );
}
