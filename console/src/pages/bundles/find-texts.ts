import type { Bundle } from "../../../../src/client/client.ts";

type Parts = Bundle["bundle"];

export interface TextPair {
  readonly before: string;
  readonly after: string;
}

/** The texts behind a component that a diff names; null where it is no text in both, or the same. */
export function findTexts(component: string, before: Parts, after: Parts): TextPair | null {
  const [old, next] = [readText(component, before), readText(component, after)];
  if (old === null && next === null) return null;
  return old === next ? null : { before: old ?? "", after: next ?? "" };
}

function readText(component: string, parts: Parts): string | null {
  if (component === "instructions") return parts.instructions;
  if (component === "description") return parts.description;
  if (component === "context") return parts.context?.compaction.prompt ?? null;
  const rule = nameAfter("policy rule ", component);
  if (rule !== null) return parts.policy.rules.find(({ name }) => name === rule)?.text ?? null;
  const source = nameAfter("source ", component);
  if (source === null) return null;
  const text = parts.context?.sources.find((each) => each["name"] === source)?.["text"];
  return typeof text === "string" ? text : null;
}

function nameAfter(noun: string, component: string): string | null {
  return component.startsWith(noun) ? component.slice(noun.length) : null;
}
