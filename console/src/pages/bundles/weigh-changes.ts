import type { BundleDiff } from "../../../../src/client/client.ts";

export type BundleChange = BundleDiff["changes"][number];

export interface Weight {
  readonly title: string;
  readonly means: string;
  readonly tone: "danger" | "warn" | "neutral";
  /** First words of the components that weigh this much. */
  readonly nouns: readonly string[];
}

/** From what changes what an agent may do at all down to what is only said of it. */
const weights: readonly Weight[] = [
  {
    title: "What it may do",
    means: "Tools, the servers behind them, rules and limits.",
    tone: "danger",
    nouns: [
      "tool",
      "tools",
      "toolset",
      "server",
      "servers",
      "policy",
      "limits",
      "waits",
      "compensation",
      "compensations",
    ],
  },
  {
    title: "How it decides",
    means: "The model, and what the model has before it.",
    tone: "warn",
    nouns: ["model", "instructions", "context", "source", "sources", "skill", "skills", "memory"],
  },
  {
    title: "What it is called",
    means: "Words about it.",
    tone: "neutral",
    nouns: ["agent", "description", "format"],
  },
];

export interface Weighed {
  readonly weight: Weight;
  readonly changes: readonly BundleChange[];
}

/** What nobody has weighed yet weighs most. */
export function weighChanges(changes: readonly BundleChange[]): readonly Weighed[] {
  const weightOf = ({ component }: BundleChange): Weight => {
    const [noun = ""] = component.split(" ");
    return weights.find(({ nouns }) => nouns.includes(noun)) ?? weights[0]!;
  };
  return weights
    .map((weight) => ({ weight, changes: changes.filter((each) => weightOf(each) === weight) }))
    .filter((weighed) => weighed.changes.length > 0);
}
