import { Link } from "@tanstack/react-router";
import { memo, Suspense, useEffect, useRef } from "react";
import type { Approval } from "../../../../src/client/client.ts";
import type { Json } from "../../../../src/lib/strict-json.ts";
import { loadPage } from "../../shell/load-page.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import { Approvers } from "./approvers.tsx";
import { effectWords, stateWords, toEffect } from "./approval-words.ts";
import { Changes } from "./changes.tsx";
import { ExactJson, type ExactJsonProps } from "./exact-json.tsx";
import { toggleExplained } from "./explained-state.ts";
import { Sentence } from "./sentence.tsx";

/** Read when somebody asks for it: a decision is there sooner without it. */
const Explained = loadPage(() => import("./explained.tsx"), "Explained");

export interface ApprovalDetailProps {
  readonly approval: Approval;
  /** Of the list: what it is compared with is not read yet. */
  readonly isPartial: boolean;
  readonly exact: ExactJsonProps;
  readonly isExplained: boolean;
}

/** All that somebody needs to decide, the action first. Large arguments are not drawn anew each second. */
export const ApprovalDetail = memo(function ApprovalDetail(props: ApprovalDetailProps) {
  const { approval, isPartial, exact, isExplained } = props;
  return (
    <>
      <Head approval={approval} />
      <Section title="With exactly these arguments">
        {approval.args === null ? (
          <p className="text-muted">
            {approval.erased
              ? "They were erased, as the person asked."
              : "They were too large to be kept, so nobody can see them here."}
          </p>
        ) : (
          <ExactJson {...exact} />
        )}
      </Section>
      <Compared approval={approval} isPartial={isPartial} />
      {approval.facts.length === 0 ? null : <Basis approval={approval} />}
      {approval.claim === null ? null : <Claim claim={approval.claim} />}
      <Section title="Who has to agree">
        <Approvers approvers={approval.approvers} verdicts={approval.verdicts} />
      </Section>
      <Why approval={approval} isExplained={isExplained} />
      {isExplained ? (
        <Suspense fallback={<Skeleton rows={8} />}>
          <Explained approval={approval} />
        </Suspense>
      ) : null}
    </>
  );
});

/** Opened, it comes into view: a key that did something below the edge would seem to do nothing. */
function Why({ approval, isExplained }: Pick<ApprovalDetailProps, "approval" | "isExplained">) {
  const place = useRef<HTMLDivElement>(null);
  const wasExplained = useRef(isExplained);
  useEffect(() => {
    if (isExplained && !wasExplained.current) place.current?.scrollIntoView({ block: "start" });
    wasExplained.current = isExplained;
  }, [isExplained]);
  return (
    <div ref={place} className="scroll-mt-4">
      <Section
        title="Why it is asked"
        aside={
          <Button look="quiet" hotkey="E" onClick={toggleExplained}>
            {isExplained ? "Less" : "Explain"}
          </Button>
        }
      >
        <ul className="grid gap-2">
          {approval.rules.map(({ rule, text }) => (
            <li key={rule}>
              <Link
                to="/policies"
                search={{ tab: "rules", rule }}
                className="font-mono text-xs text-accent underline"
              >
                <Inert text={rule} />
              </Link>
              {text === "" ? null : (
                <span className="block">
                  <Inert text={text} />
                </span>
              )}
            </li>
          ))}
        </ul>
      </Section>
    </div>
  );
}

function Head({ approval }: { readonly approval: Approval }) {
  const { effect, outward, labels, state, holds, createdAt } = approval;
  return (
    <div className="mb-5">
      <h2 className="text-xl leading-snug tracking-tight" data-part="sentence">
        <Sentence approval={approval} />
      </h2>
      <p
        className={`mt-1.5 ${effect === "destructive" ? "font-medium text-danger" : "text-muted"}`}
      >
        {toEffect(approval)}
      </p>
      <div className="mt-2.5 flex flex-wrap items-center gap-1.5">
        <Badge tone={effectWords[effect].tone}>{effect}</Badge>
        {outward ? <Badge tone="warn">outward</Badge> : null}
        {labels.map((label) => (
          <Badge key={label} tone={label === "trusted" ? "neutral" : "warn"}>
            {label}
          </Badge>
        ))}
        <span className="text-xs text-muted">
          asked <Time at={createdAt} />
        </span>
      </div>
      {state === "pending" ? null : (
        <p className="mt-3 rounded-md bg-sunken px-3 py-2 font-medium">{stateWords[state].words}</p>
      )}
      {state === "pending" && !holds ? (
        <p className="mt-3 rounded-md bg-warn-soft px-3 py-2 text-warn">
          What this was asked under has changed since: the tool, the rules or who asks. It has to be
          asked again.
        </p>
      ) : null}
    </div>
  );
}

function Compared({ approval, isPartial }: Pick<ApprovalDetailProps, "approval" | "isPartial">) {
  const { args, lastApproved, state } = approval;
  // Nobody compares what is over.
  if (args === null || (lastApproved === null && state !== "pending")) return null;
  if (isPartial)
    return (
      <Section title="Against the last approved call">
        <Skeleton rows={1} />
      </Section>
    );
  if (lastApproved === null)
    return (
      <Section title="Against the last approved call">
        <p className="text-muted">There is none: no call of this was approved and used before.</p>
      </Section>
    );
  return (
    <Section title="What differs from the last approved call" aside={<Time at={lastApproved.at} />}>
      {lastApproved.args === null ? (
        <p className="text-muted">Its arguments are not there any more.</p>
      ) : (
        <Changes before={lastApproved.args as Json} after={args as Json} />
      )}
    </Section>
  );
}

/** As the run has read it; where it is something else when the call is made, this approval is no good. */
function Basis({ approval: { facts } }: { readonly approval: Approval }) {
  return (
    <Section title="What it rests on, as it was read">
      <dl className="grid grid-cols-[fit-content(40%)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
        {facts.map(({ key, value }) => (
          <div key={key} className="contents">
            <dt className="text-muted">
              <Inert text={key} />
            </dt>
            <dd className="min-w-0">{value === null ? "not kept" : <Inert text={value} />}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function Claim({ claim }: { readonly claim: string }) {
  return (
    <Section title="What the requester says about it" aside="a claim, not checked">
      <p className="mb-2 text-muted">
        Its own words. Nobody has checked them, and they decide nothing.
      </p>
      <blockquote
        className="max-h-80 overflow-y-auto border-l-2 border-line-strong pl-3"
        tabIndex={0}
        aria-label="The claim"
      >
        <Inert text={claim} lines />
      </blockquote>
    </Section>
  );
}
