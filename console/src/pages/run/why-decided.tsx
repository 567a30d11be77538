import { Link } from "@tanstack/react-router";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Inert } from "../../ui/inert.tsx";
import { toShort } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";
import { toExact } from "../../words/to-exact.ts";
import { ChainLink, Known } from "./chain-link.tsx";
import type { ReceiptFacts } from "./receipt-facts.ts";
import {
  useApproval,
  useArgs,
  useBundle,
  useDenial,
  usePolicyWords,
  type Asked,
  type WhyScope,
} from "./use-why.ts";
import type { CallWait } from "./why-calls.ts";

interface DecidedProps {
  readonly scope: WhyScope;
  readonly receipt: Asked<ReceiptFacts>;
}

const own: ReadonlySet<string> = new Set(["wait", "skill", "find", "refused"]);

/** By which rules it was allowed, asked about or denied. */
export function DecidedLink({ scope, receipt, roles }: DecidedProps & Pick<WordsProps, "roles">) {
  const { call } = scope;
  const denial = useDenial(scope);
  const isDenied = call.ended?.outcome === "denied";
  const decision = receipt.kind === "read" ? receipt.value.decision : null;
  if (call.effect === "refused") return null;
  if (own.has(call.effect))
    return (
      <ChainLink title="Decided">
        <p>The run does it by itself. Policy is not asked, and nothing is sent.</p>
      </ChainLink>
    );
  if (isDenied && decision === null)
    return (
      <ChainLink title="Denied" tone="danger" atMs={call.ended.atMs}>
        <Known asked={denial} what="By which rule">
          {(rule) => <Rules scope={scope} rules={[rule]} roles={roles} />}
        </Known>
      </ChainLink>
    );
  return (
    <ChainLink
      title={
        decision === null
          ? "Decided"
          : decision.kind === "ask"
            ? "Decided: ask a person"
            : "Decided: allowed"
      }
      tone={decision === null ? "open" : decision.kind === "ask" ? "warn" : "ok"}
    >
      <Known asked={receipt} what="The recorded decision">
        {({ policy }) =>
          decision === null ? (
            <p className="text-muted">
              The entries of this call hold no decision: it was not sent.
            </p>
          ) : (
            <>
              <Rules scope={scope} rules={decision.rules} roles={roles} />
              {policy === null ? null : (
                <p className="text-xs text-muted">
                  Policy <Copy text={policy} label="digest of the policy" />
                </p>
              )}
            </>
          )
        }
      </Known>
    </ChainLink>
  );
}

interface WordsProps {
  readonly scope: WhyScope;
  readonly rules: readonly string[];
  readonly roles: readonly string[];
}

/** Rules by their ids; their words are those of today. */
function Rules({ scope, rules, roles }: WordsProps) {
  const args = useArgs(scope);
  const bundle = useBundle(scope);
  const words = usePolicyWords(scope, {
    roles,
    toolset: bundle.kind === "read" ? bundle.value.toolset : null,
    args: args.kind === "read" ? args.value : null,
  });
  const reasons = words.kind === "read" ? words.value.decision.reasons : [];
  return (
    <>
      {rules.length === 0 ? <p>No rule: the default of the policy.</p> : null}
      <ul className="grid gap-1">
        {rules.map((rule) => {
          const text = reasons.find((each) => each.rule === rule)?.text ?? null;
          return (
            <li key={rule}>
              <code className="font-mono text-xs">
                <Inert text={rule} />
              </code>
              {text === null ? null : (
                <>
                  {" "}
                  <Inert text={text} />
                </>
              )}
            </li>
          );
        })}
      </ul>
      <p className="text-xs text-muted">
        {words.kind === "read" ? (
          <>
            Asked today, policy would say {words.value.decision.kind}
            {words.value.decision.reasons.length === 0
              ? ""
              : ` by ${words.value.decision.reasons.map(({ rule }) => rule).join(", ")}`}
            . What the call had read by then is not asked along.
          </>
        ) : words.kind === "missing" ? (
          `The words of the rules are not shown. ${words.why}`
        ) : (
          "Asking policy …"
        )}
      </p>
    </>
  );
}

/** Whoever had to agree. */
export function AgreedLink({ scope }: Pick<DecidedProps, "scope">) {
  const { waits, effect } = scope.call;
  const asks = waits.filter((wait) => wait.for !== "timer" && wait.for !== "signal");
  if (own.has(effect) || asks.length === 0) return null;
  return asks.map((wait) =>
    wait.approval === null ? (
      <ChainLink key={wait.atMs} title="Waited for consent" tone="warn" atMs={wait.atMs}>
        <p>Somebody had to let Countersign use a credential of theirs.</p>
      </ChainLink>
    ) : (
      <ApprovalLink key={wait.approval} scope={scope} wait={wait} approval={wait.approval} />
    ),
  );
}

const decidedTones = { approved: "ok", denied: "danger", expired: "warn", voided: "warn" } as const;

interface ApprovalLinkProps {
  readonly scope: WhyScope;
  readonly wait: CallWait;
  readonly approval: string;
}

function ApprovalLink({ scope, wait, approval }: ApprovalLinkProps) {
  const asked = useApproval(scope, approval);
  const { decided, atMs } = wait;
  return (
    <ChainLink
      title={decided === null ? "Waits for a person" : `A person was asked: ${decided.outcome}`}
      tone={decided === null ? "warn" : decidedTones[decided.outcome]}
      atMs={decided?.atMs ?? atMs}
    >
      <p>
        Asked at {toExact(atMs)}
        {decided === null
          ? ", and not decided yet"
          : `, decided after ${toDuration(decided.atMs - atMs)}`}
        .{" "}
        {scope.source.isLive ? (
          <Link
            to="/approvals/$id"
            params={{ id: approval }}
            search={{}}
            className="text-accent underline"
          >
            approval {toShort(approval)}
          </Link>
        ) : null}
      </p>
      <Known asked={asked} what="Who decided">
        {({ verdicts }) =>
          verdicts.length === 0 ? (
            <p className="text-muted">No verdict stands there.</p>
          ) : (
            <ul className="grid gap-1">
              {verdicts.map(({ word, approver, reason, at, passkey }) => (
                <li key={at} className="flex flex-wrap items-center gap-2">
                  <Badge tone={word === "approved" ? "ok" : "danger"}>{word}</Badge>
                  {approver === null ? "erased" : <Inert text={approver} />}
                  {passkey ? <Badge tone="accent">passkey</Badge> : null}
                  {reason === null ? null : (
                    <span className="text-muted">
                      <Inert text={reason} />
                    </span>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Known>
    </ChainLink>
  );
}
