import { Link } from "@tanstack/react-router";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { toBytes, toShort } from "../../words/to-amount.ts";
import { ChainLink, Known } from "./chain-link.tsx";
import type { ReceiptFacts } from "./receipt-facts.ts";
import { RunLink } from "./run-head.tsx";
import type { Asked, WhyScope } from "./use-why.ts";
import { DigestText } from "./digest-text.tsx";

interface SentProps {
  readonly scope: WhyScope;
  readonly receipt: Asked<ReceiptFacts>;
}

const tierWords: Readonly<Record<string, string>> = {
  none: "none: the program has the powers of the user that runs Countersign",
  remote: "none of ours: the server runs elsewhere",
  internal: "none: it is a part of Countersign",
};

/** With which credential, from which sandbox, and whether at all. */
export function SentLink({ scope, receipt }: SentProps) {
  const { source, call } = scope;
  const { started, child, ended, effect } = call;
  if (child !== null)
    return (
      <ChainLink title="Begun as a run of its own">
        <p>
          The sub-agent is the run <RunLink id={child} isLive={source.isLive} />.
        </p>
      </ChainLink>
    );
  if (started === null && ended?.outcome === "denied")
    return (
      <ChainLink title="Not sent" tone="danger">
        <p>Nothing left the house.</p>
      </ChainLink>
    );
  if (started === null && effect !== "read") return null;
  return (
    <ChainLink
      title="Sent with"
      atMs={started?.atMs ?? null}
      tone={started === null ? "open" : "plain"}
    >
      {started === null ? null : (
        <p className="text-xs text-muted">
          Intent <Copy text={started.intent} label="intent's digest" />, durable before it was sent
        </p>
      )}
      <Known asked={receipt} what="How it was sent">
        {({ credential, endpoint, sandbox, redacted }) => (
          <Facts
            facts={[
              {
                name: "Credential",
                value: credential === null ? "none" : <Inert text={credential} />,
              },
              { name: "Endpoint", value: endpoint === null ? "none" : <Inert text={endpoint} /> },
              {
                name: "Sandbox",
                value:
                  sandbox === null
                    ? "not recorded for this call"
                    : `${tierWords[sandbox.tier] ?? sandbox.tier}${sandbox.driver === null ? "" : `, ${sandbox.driver}`}`,
              },
              ...(redacted.length === 0
                ? []
                : [{ name: "Taken out", value: <Inert text={redacted.join(", ")} /> }]),
            ]}
          />
        )}
      </Known>
    </ChainLink>
  );
}

/** What came of it, and what proves that. */
export function RecordedLink({ scope, receipt }: SentProps) {
  const { source, call } = scope;
  const { ended, started } = call;
  const entry = ended?.entry ?? started?.entry ?? null;
  if (ended === null)
    return (
      <ChainLink title="Not over" tone="open">
        <p>Its outcome is not in the log yet.</p>
      </ChainLink>
    );
  const isGood = ended.outcome === "answered" || ended.outcome === "completed";
  return (
    <ChainLink
      title={`Ended: ${ended.outcome.replaceAll("_", " ")}`}
      atMs={ended.atMs}
      tone={isGood ? "ok" : "danger"}
    >
      {ended.outcome === "unknown" ? (
        <p className="text-danger">
          Nobody knows whether it was carried out. `countersign calls resolve` says what became of
          it.
        </p>
      ) : null}
      {ended.changed.length === 0 ? null : (
        <p>
          It changed, or may have:{" "}
          <code className="font-mono text-xs">
            <Inert text={ended.changed.join(", ")} />
          </code>
        </p>
      )}
      <details>
        <summary className="text-accent">What the model was told</summary>
        <div className="mt-2">
          <DigestText source={source} digest={ended.result} />
        </div>
      </details>
      <Known asked={receipt} what="The receipt">
        {({ result, leaves }) => (
          <p>
            Recorded as {leaves.length} {leaves.length === 1 ? "entry" : "entries"} of the ledger
            {result === null ? "" : `, with a result of ${toBytes(result.bytes)}`}.{" "}
            {result === null ? null : <Copy text={result.commitment} label="commitment" />}
          </p>
        )}
      </Known>
      {entry === null ? null : source.isLive ? (
        <p>
          <Link to="/receipts/$id" params={{ id: entry }} className="text-accent underline">
            Verify the receipt {toShort(entry)}
          </Link>
        </p>
      ) : (
        <p className="text-xs text-muted">
          Entry <Copy text={entry} label="entry's id" />: `countersign receipts show` proves it.
        </p>
      )}
    </ChainLink>
  );
}
