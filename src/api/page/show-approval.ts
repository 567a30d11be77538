import type { PageElement } from "./browser.ts";
import { toApproverLine, toEffect, toEnd, toSentence } from "./approval-words.ts";
import { showChanges } from "./show-changes.ts";
import type { Pen } from "./show-text.ts";
import type { Shown, ShownVerdict } from "./shown.ts";

/** All that somebody needs to decide, the action first. */
export function showApproval(
  pen: Pen,
  shown: Shown,
  onFold: (folded: number) => void,
): readonly PageElement[] {
  const { make } = pen;
  const head = make("h2", "", ...showSentence(pen, shown));
  const lead = make("p", `lead ${shown.effect}`, toEffect(shown));
  const end = shown.state === "pending" ? [] : [make("p", "notice", toEnd(shown))];
  return [
    head,
    lead,
    ...end,
    ...showWarnings(pen, shown),
    showArguments(pen, shown, onFold),
    showBasis(pen, shown),
    showDifference(pen, shown),
    showClaim(pen, shown),
    showRules(pen, shown),
    showApprovers(pen, shown),
    showRequester(pen, shown),
    showTool(pen, shown),
    showReach(pen, shown),
    showMarks(pen, shown),
  ].filter((each) => each !== null);
}

export function showSentence({ make, inert }: Pen, shown: Shown): readonly PageElement[] {
  return toSentence(shown).map(({ text, quoted }) =>
    quoted ? make("b", "quoted", inert(text)) : make("span", "", text),
  );
}

function section({ make }: Pen, title: string, ...children: PageElement[]): PageElement {
  return make("section", "", make("h3", "", title), ...children);
}

function facts(pen: Pen, rows: readonly (readonly [string, PageElement | string])[]): PageElement {
  const cells = rows.flatMap(([name, value]) => [
    pen.make("dt", "", name),
    pen.make("dd", "", value),
  ]);
  return pen.make("dl", "facts", ...cells);
}

function showWarnings({ make }: Pen, shown: Shown): readonly PageElement[] {
  if (shown.state !== "pending" || shown.holds) return [];
  return [
    make(
      "p",
      "notice",
      "What this was asked under has changed since: the tool, the rules or who asks. It has to be asked again.",
    ),
  ];
}

function showArguments(
  pen: Pen,
  { args, erased }: Shown,
  onFold: (folded: number) => void,
): PageElement {
  if (args !== null) return section(pen, "With exactly these arguments", pen.json(args, onFold));
  onFold(0);
  const why = erased
    ? "They were erased, as the person asked."
    : "They were too large to be kept, so nobody can see them here.";
  return section(pen, "With arguments that are not here", pen.make("p", "quiet", why));
}

/** As the run has read it; where it is something else when the call is made, this approval is no good. */
function showBasis(pen: Pen, { facts: read }: Shown): PageElement | null {
  if (read.length === 0) return null;
  const { inert } = pen;
  const rows = read.map(({ key, value }): [string, PageElement | string] => [
    key,
    value === null ? "not kept" : inert(value),
  ]);
  return section(pen, "What it rests on, as it was read", facts(pen, rows));
}

function showDifference(pen: Pen, { args, lastApproved, state }: Shown): PageElement | null {
  if (args === null) return null;
  const { make } = pen;
  // Nobody compares what is over.
  if (lastApproved === null && state !== "pending") return null;
  if (lastApproved === null) {
    const none = "There is none: no call of this was approved and used before.";
    return section(pen, "Against the last approved call", make("p", "quiet", none));
  }
  const when = make("p", "quiet", `Approved ${toTime(lastApproved.at)}`);
  const changes =
    lastApproved.args === null
      ? make("p", "quiet", "Its arguments are not there any more.")
      : showChanges(pen, lastApproved.args, args);
  return section(pen, "What differs from the last approved call", when, changes);
}

function showClaim(pen: Pen, { claim }: Shown): PageElement | null {
  if (claim === null) return null;
  const { make, inert } = pen;
  return make(
    "section",
    "claim",
    make("h3", "", "What the requester says about it"),
    make("p", "quiet", "Its own words. Nobody has checked them, and they decide nothing."),
    make("blockquote", "", inert(claim, { lines: true })),
  );
}

function showRules(pen: Pen, { rules }: Shown): PageElement {
  const { make, inert } = pen;
  const items = rules.map(({ rule, text }) =>
    make("li", "", make("code", "", inert(rule)), text === "" ? "" : " — ", inert(text)),
  );
  return section(pen, "Why it is asked", make("ul", "", ...items));
}

function showApprovers(pen: Pen, { approvers, verdicts }: Shown): PageElement {
  const { make, inert } = pen;
  const needed = approvers.map((each) => make("li", "", inert(toApproverLine(each))));
  const given = verdicts.map((verdict) => showVerdict(pen, verdict));
  const list = make("ul", "", ...needed);
  const said = given.length === 0 ? [] : [make("ul", "verdicts", ...given)];
  return section(pen, "Who has to agree", list, ...said);
}

function showVerdict({ make, inert }: Pen, verdict: ShownVerdict): PageElement {
  const { word, approver, reason, at, passkey } = verdict;
  const how = `${word === "approved" ? " approved" : " denied"}${passkey ? " with a passkey" : ""}, ${toTime(at)}`;
  const why = reason === null ? [] : [make("q", "", inert(reason, { lines: true }))];
  return make("li", "", make("b", "", inert(approver ?? "Somebody, erased since")), how, ...why);
}

function showRequester(pen: Pen, { requester, createdAt, toolset }: Shown): PageElement {
  const { inert } = pen;
  return section(
    pen,
    "Who asks",
    facts(pen, [
      [requester.kind, inert(requester.subject)],
      ["agent", requester.agent === null ? "none" : inert(requester.agent)],
      ["toolset", toolset === "" ? "all tools" : inert(toolset)],
      ["asked", toTime(createdAt)],
    ]),
  );
}

function showTool(pen: Pen, shown: Shown): PageElement {
  const { make, inert } = pen;
  const rows: [string, PageElement | string][] = [
    ["server", inert(shown.server)],
    ["tool", shown.tool === null ? "none" : inert(shown.tool)],
    ["method", inert(shown.method)],
    ["called as", inert(shown.target)],
    ["effect", shown.effect],
  ];
  const { description } = shown;
  const words =
    description === null
      ? []
      : [
          make(
            "p",
            "quiet apart",
            "The description that was accepted with it, in the server's words:",
          ),
          make("blockquote", "", inert(description, { lines: true })),
        ];
  return section(pen, "What is called", facts(pen, rows), ...words);
}

function showReach(pen: Pen, { reach, outward, labels }: Shown): PageElement {
  const { inert } = pen;
  const rows: [string, PageElement | string][] =
    reach === null
      ? [["server", "not registered any more"]]
      : [
          ["over", inert(reach.transport)],
          ["hosts", reach.hosts.length === 0 ? "none known" : inert(reach.hosts.join(", "))],
          ["credential", reach.credential === null ? "none" : inert(reach.credential)],
        ];
  rows.push(["outward", outward ? "yes: what goes into it may leave the house" : "no"]);
  rows.push([
    "labels",
    labels.length === 0 ? "none: it has touched nothing labelled" : labels.join(", "),
  ]);
  return section(pen, "What it can reach", facts(pen, rows));
}

function showMarks(pen: Pen, { id, digest }: Shown): PageElement {
  const { make, inert } = pen;
  const rows: [string, PageElement][] = [
    ["approval", make("code", "", inert(id))],
    ["intent", make("code", "", inert(digest))],
  ];
  return section(pen, "To compare", facts(pen, rows));
}

export function toTime(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? "at an unknown time" : at.toLocaleString();
}
