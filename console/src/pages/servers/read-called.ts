import type { Called } from "../../../../src/client/client.ts";
import type { Tone } from "../../ui/badge.tsx";
import { isObject } from "./schema-form.ts";

export interface Tried {
  readonly called: Called;
  /** From the page to the gate and back. */
  readonly tookMs: number;
}

/** What came of a call, for a person. */
export interface ReadCalled {
  readonly title: string;
  readonly tone: Tone;
  /** The rule that said so, and the approval that was asked for; null: none. */
  readonly rule: string | null;
  readonly approval: string | null;
  /** Texts of the result; what is no text stands in the JSON. */
  readonly texts: readonly string[];
}

/** Where the gate says what became of a call. */
const outcomeKey = "dev.countersign/outcome";

const words: Readonly<Partial<Record<Called["outcome"], readonly [string, Tone]>>> = {
  answered: ["The tool answered", "ok"],
  tool_error: ["The tool says that it failed", "warn"],
  refused: ["The call was refused", "danger"],
  denied: ["Denied", "danger"],
  asks: ["A person has to agree first", "accent"],
};

export function readCalled({ outcome, result }: Called): ReadCalled {
  const [title, tone] = words[outcome] ?? [`Not done: ${outcome.replaceAll("_", " ")}`, "warn"];
  const value = isObject(result) ? result : {};
  const meta = isObject(value["_meta"]) ? value["_meta"] : {};
  const own = isObject(meta[outcomeKey]) ? meta[outcomeKey] : {};
  const text = (key: string): string | null => {
    const found = own[key];
    return typeof found === "string" ? found : null;
  };
  return { title, tone, rule: text("rule"), approval: text("approval"), texts: toTexts(value) };
}

function toTexts(value: Readonly<Record<string, unknown>>): readonly string[] {
  const { content, message } = value;
  if (typeof message === "string") return [message];
  if (!Array.isArray(content)) return [];
  return (content as readonly unknown[]).flatMap((block) =>
    isObject(block) && block["type"] === "text" && typeof block["text"] === "string"
      ? [block["text"]]
      : [],
  );
}
