import type { Approval } from "../client/client.ts";
import { diffJson, type Difference } from "../lib/diff-json.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import { toJsonLines } from "../lib/json-lines.ts";
import type { Json } from "../lib/strict-json.ts";
import { renderTable } from "./render-table.ts";
import type { Paint } from "./voice.ts";

/** More than anybody reads on a terminal; whoever wants all of them takes the page or `--json`. */
const mostDifferences = 100;

/**
 * A request whole, as somebody reads it who decides by it. Whatever came from elsewhere is inert: a
 * terminal obeys nothing of it, and what would be hidden or looks like something else is named.
 */
export function renderApproval(approval: Approval, paint: Paint): string {
  const { bold, yellow } = paint;
  const { id, args, claim, approvers, rules, reach, holds, erased } = approval;
  const said = (label: string, text: string): string => `  ${label.padEnd(9)} ${text}`;
  return [
    bold(`Approval ${id}`),
    said("what", toWhat(approval)),
    said("effect", toEffect(approval)),
    ...(erased ? [said("args", "erased")] : ["  with exactly", ...toLines(args as Json)]),
    ...approval.facts.map(toFact),
    ...toChanges(approval),
    ...rules.map(({ rule, text }) => said("rule", `${inert(rule)}: ${inert(text)}`)),
    said("asks", toRequester(approval)),
    ...(claim === null ? [] : toClaim(claim)),
    ...(reach === null ? [] : [said("reaches", toReach(reach))]),
    ...approvers.map((each) => said("decides", toApprover(each))),
    ...(holds ? [] : [yellow(said("beware", "the tool has changed since; it cannot be approved"))]),
    said("until", `${approval.expiresAt}  (${approval.state})`),
    said("page", approval.url),
    said("approve", toDecision("approve", approval)),
    said("deny", toDecision("deny", approval)),
  ].join("\n");
}

export function toDecision(word: "approve" | "deny", { id, digest }: ApprovalName): string {
  return `countersign ${word} ${id} --digest ${digest}`;
}

type ApprovalName = Pick<Approval, "id" | "digest">;

export function renderApprovals(approvals: readonly Approval[]): string {
  return renderTable(
    approvals.map((each) => [
      each.id,
      each.state,
      toWhat(each),
      toRequester(each),
      `until ${each.expiresAt}`,
    ]),
  );
}

function toWhat({ tool, server, method, target }: Approval): string {
  return tool === null
    ? `${inert(method)} of ${inert(target)} at ${inert(server)}`
    : `${inert(tool)} of ${inert(server)}`;
}

const effects = {
  read: "reads",
  write: "changes something",
  destructive: "may destroy something",
} as const;

function toEffect({ effect, outward, labels }: Approval): string {
  const leaves = outward ? "; what goes in may leave the house" : "";
  const read = labels.length === 0 ? "" : `; after content that is ${labels.join(" and ")}`;
  return `${effects[effect]}${leaves}${read}`;
}

function toLines(value: Json): readonly string[] {
  return toJsonLines(value).map(
    ({ depth, text }) => `    ${"  ".repeat(depth)}${inert(text, { escapes: true })}`,
  );
}

/** As the run has read it: what it is by then decides whether this approval is good. */
function toFact({ key, value }: Approval["facts"][number]): string {
  const read = value === null ? "(not kept)" : inert(value, { escapes: true });
  return `  rests on  ${inert(key)} is ${read}`;
}

/** Beside the last call of the same tool that somebody agreed to. */
function toChanges({ lastApproved, args, erased }: Approval): readonly string[] {
  if (lastApproved === null || lastApproved.args === null || erased) return [];
  const { list, more } = diffJson(lastApproved.args as Json, args as Json, mostDifferences);
  const head = `  against the last approved call, of ${lastApproved.at}`;
  if (list.length === 0) return [`${head}: the same`];
  const rest = more ? ["    and more than are shown here"] : [];
  return [head, ...list.map(toDifference), ...rest];
}

function toDifference({ pointer, kind, before, after }: Difference): string {
  const place = pointer === "" ? "(all of it)" : inert(pointer);
  const show = (value: Json | undefined): string =>
    inert(JSON.stringify(value ?? null), { escapes: true });
  if (kind === "added") return `    + ${place}  ${show(after)}`;
  if (kind === "removed") return `    - ${place}  ${show(before)}`;
  return `    ~ ${place}  ${show(before)} → ${show(after)}`;
}

function toRequester({ requester: { kind, subject, agent } }: Approval): string {
  const who = `${inert(kind)} ${inert(subject)}`;
  return agent === null ? who : `agent ${inert(agent)} for ${who}`;
}

/** Set off from everything that was checked. */
function toClaim(claim: string): readonly string[] {
  const lines = inert(claim, { lines: true }).split("\n");
  return [
    "  it claims (its own words, which nobody has checked)",
    ...lines.map((line) => `    | ${line}`),
  ];
}

function toReach({ transport, hosts, credential }: NonNullable<Approval["reach"]>): string {
  const where = hosts.length === 0 ? "a program of this machine" : inert(hosts.join(", "));
  const by = credential === null ? "without a credential" : `with the credential ${credential}`;
  return `${where} over ${transport}, ${by}`;
}

function toApprover({ who, quorum, have, passkey }: Approval["approvers"][number]): string {
  const key = passkey ? ", with a passkey on the page" : "";
  return `${inert(who)} (${have} of ${quorum})${key}`;
}

const inert = toPlainInert;
