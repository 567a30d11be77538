import { listOf, reveal, shape, show, textOf, write, type Members } from "./receipt-json.ts";
import type { Checkpoint } from "./signed-head.ts";

// What a receipt says, in plain words: what it proves, and what it does not.

interface Leaf {
  readonly place: string;
  readonly index: number;
  readonly kind: string;
  readonly members: Members;
}

interface Facts {
  readonly call: {
    readonly verdicts: readonly Leaf[];
    readonly intent: Leaf | null;
    readonly outcome: Leaf | null;
    readonly resolutions: readonly Leaf[];
  };
  readonly passkeys: readonly {
    readonly fingerprint: string;
    readonly trusted: boolean | null;
    readonly site: string;
  }[];
  readonly opened: readonly { readonly of: string }[];
}

export function summarize({ kind, members, place }: Leaf): string {
  const say = (key: string): string => textOf(members, key, place);
  const time = new Date(Number(members["atMs"])).toISOString();
  if (kind === "verdict") {
    const how = members["passkey"] === null ? "without a passkey" : "with a passkey";
    return `Verdict at ${time}: ${say("word")} ${how}, on approval ${show(say("approval"))}.`;
  }
  if (kind === "resolution") {
    const word = say("outcome").replaceAll("_", " ");
    const evidence = show(say("evidence"));
    return `Resolution at ${time}: ${show(word)}, says ${show(say("by"))}, because of ${evidence}.`;
  }
  const server = `server ${show(say("server"))}`;
  const tool =
    members["tool"] === null ? "something else than a tool" : `tool ${show(say("tool"))}`;
  if (kind === "outcome") {
    const reason = members["reason"] === null ? "" : ` (${show(say("reason"))})`;
    const word = say("outcome").replaceAll("_", " ");
    return `Outcome at ${time}: ${show(word)}${reason}, of ${tool} of ${server}.`;
  }
  const decision = shape(members["decision"], "", place);
  const rules = listOf(decision, "rules", place).map((rule) => reveal(write(rule)));
  const word = show(textOf(decision, "kind", place));
  const approval = members["approval"] === null ? "without" : `with`;
  return `Intent at ${time}: ${tool} of ${server}. Policy said ${word} by ${rules.join(", ")}, ${approval} an approval.`;
}

export function listProven(
  facts: Facts & { readonly checkpoint: Checkpoint; readonly keys: readonly string[] },
): readonly string[] {
  const { checkpoint, keys, call, passkeys, opened } = facts;
  const { verdicts, intent, outcome } = call;
  const { origin, size } = checkpoint;
  const shown = new Set(opened.map(({ of }) => of));
  const approved = verdicts.filter(({ members }) => members["word"] === "approved");
  const isBefore = intent !== null && approved.every(({ index }) => index < intent.index);
  const lines: [boolean, string][] = [
    [
      true,
      `The gate recorded these entries: the ledger ${origin}, ${size} entries long, holds them byte for byte, and ${keys.join(" and ")} signed that.`,
    ],
    [true, "All of them are about one call."],
    [
      approved.length > 0,
      `${approved.length} approved exactly this intent, as the gate recorded it.`,
    ],
    [approved.length > 0 && isBefore, "Each approval stands in the ledger before the intent."],
    [
      intent !== null && outcome !== null && intent.index < outcome.index,
      "The intent stands in the ledger before its outcome.",
    ],
    ...passkeys.map(({ fingerprint, site }): [boolean, string] => [
      true,
      `The passkey ${fingerprint} signed exactly this intent at ${show(site)}, after its authenticator had verified a person.`,
    ]),
    [shown.has("intent"), "The intent that is shown is the one that was recorded."],
    [shown.has("args"), "The arguments that are shown are those of this intent."],
    [shown.has("result"), "The result that is shown is the one that the gate handed over."],
    [shown.has("verdict"), "The approvers that are shown are those whom the gate recorded."],
  ];
  return lines.flatMap(([holds, text]) => (holds ? [text] : []));
}

export function listUnproven({ call, passkeys, opened }: Facts): readonly string[] {
  const { verdicts, intent, outcome } = call;
  const shown = new Set(opened.map(({ of }) => of));
  const bare = verdicts.some(({ members }) => members["passkey"] === null);
  const isApproved = verdicts.some(({ members }) => members["word"] === "approved");
  const lines: [boolean, string][] = [
    [true, "That the upstream server told the truth, or did what it answered."],
    [true, "When it happened: the times are those of the gate's own clock."],
    [true, "That there are no further entries of this call, such as a later resolution."],
    [true, "That others are shown the same ledger: compare checkpoints that are kept elsewhere."],
    [outcome === null, "How the call ended: its outcome is not here."],
    [intent === null, "That its intent was durable before it was sent: there is no intent entry."],
    [
      intent !== null && intent.members["approval"] !== null && !isApproved,
      "Who approved: the intent names an approval, and no approving verdict is here.",
    ],
    [bare, "That a person agreed where no passkey signed: that rests on the gate's word."],
    [
      passkeys.some(({ trusted }) => trusted === null),
      "Whose the passkey is: no list of trusted passkeys was given.",
    ],
    [!shown.has("args"), "What the arguments were: they are not shown."],
    [!shown.has("result"), "What the result was: it is not shown."],
  ];
  return lines.flatMap(([holds, text]) => (holds ? [text] : []));
}
