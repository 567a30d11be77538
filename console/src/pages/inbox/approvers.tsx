import type { Approval } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Time } from "../../ui/time.tsx";
import { toApproverLine } from "./approval-words.ts";

/** Who has to agree, how many have, and every word that was said. */
export function Approvers({ approvers, verdicts }: Pick<Approval, "approvers" | "verdicts">) {
  return (
    <>
      <ul className="grid gap-2">
        {approvers.map((each) => (
          <li key={each.who} className="flex items-baseline gap-3">
            <span className="min-w-0">
              <Inert text={toApproverLine(each)} />
            </span>
            <span className="ml-auto">
              <Badge tone={each.have >= each.quorum ? "ok" : "neutral"}>
                {each.have} of {each.quorum}
              </Badge>
            </span>
          </li>
        ))}
      </ul>
      {verdicts.length === 0 ? null : (
        <ul className="mt-3 grid gap-2 border-t border-line pt-3">
          {verdicts.map((verdict) => (
            <li key={`${verdict.at} ${verdict.approver}`}>
              <b className="font-semibold">
                <Inert text={verdict.approver ?? "Somebody, erased since"} />
              </b>{" "}
              <span className={verdict.word === "approved" ? "text-ok" : "text-danger"}>
                {verdict.word}
              </span>
              {verdict.passkey ? " with a passkey" : ""}{" "}
              <span className="text-muted">
                <Time at={verdict.at} />
              </span>
              {verdict.reason === null ? null : (
                <q className="block text-muted">
                  <Inert text={verdict.reason} lines />
                </q>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
