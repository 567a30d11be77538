import { z } from "zod";
import { durationField } from "./config-field.ts";
import { parseFactTemplate, refuseFactPointer, toKeyShape, type FactRoot } from "./fact-key.ts";

const maxRules = 16;
/** Shorter than what has changed is remembered: a fact is read again before that is forgotten. */
const freshBounds = { min: "1s", max: "12h" } as const;

function templateField(roots: readonly FactRoot[], example: string) {
  return z
    .string(`takes a key such as ${example}`)
    .min(1)
    .max(256)
    .superRefine((text, context) => {
      const parsed = parseFactTemplate(text, roots);
      if ("problem" in parsed) context.addIssue({ code: "custom", message: parsed.problem });
    });
}

function pointerField(roots: readonly FactRoot[]) {
  return z
    .string("takes a JSON Pointer")
    .max(1_024)
    .superRefine((text, context) => {
      const problem = refuseFactPointer(text, roots);
      if (problem !== null) context.addIssue({ code: "custom", message: problem });
    });
}

export const factRuleSchema = z
  .strictObject({
    key: templateField(["args", "result", "item"], "fare:{/args/flight}").describe(
      "Names the thing: text, and JSON Pointers in braces into `{args, result, item}`.",
    ),
    each: pointerField(["result"])
      .optional()
      .describe("A list in the result: one fact an item. Absent: one a result."),
    value: pointerField(["args", "result", "item"])
      .optional()
      .describe("What is said of it. Absent: the whole item, or all of the result."),
    fresh: durationField(freshBounds)
      .prefault("60s")
      .describe("How long it is believed before it is read again."),
  })
  .superRefine(refuseItem);
export type FactRule = z.output<typeof factRuleSchema>;

export const needRuleSchema = z.strictObject({
  fact: templateField(["args"], "fare:{/args/flight}").describe(
    "Key of the fact, made of the call's own arguments.",
  ),
  same: pointerField(["args"])
    .optional()
    .describe("An argument that has to be what the fact says."),
  fresh: durationField(freshBounds)
    .optional()
    .describe("How long the fact is believed for this. Absent: as long as it says itself."),
});
export type NeedRule = z.output<typeof needRuleSchema>;

/** What a tool's answers say of things, what its effect rests on, and what it changes. */
export interface FactRules {
  readonly facts?: readonly FactRule[] | undefined;
  readonly needs?: readonly NeedRule[] | undefined;
  readonly changes?: readonly string[] | undefined;
}

export const factFields = {
  facts: z
    .array(factRuleSchema, "takes a list of facts")
    .max(maxRules)
    .optional()
    .describe("What the answer of a read says of things. At most 64 of a result are noted."),
  needs: z
    .array(needRuleSchema, "takes a list of needs")
    .max(maxRules)
    .optional()
    .describe(
      "Facts that an effect rests on: they are read again before it where they may be old.",
    ),
  changes: z
    .array(templateField(["args"], "seat:{/args/flight}"), "takes a list of keys")
    .max(maxRules)
    .optional()
    .describe("Things that the call changes. Two calls do not change one of them at once."),
};

function refuseItem({ key, each, value }: FactRule, context: z.core.$RefinementCtx): void {
  if (each !== undefined) return;
  const message = "speaks of /item, and there is none without `each`";
  const isOfItem = (pointer: string): boolean => /^\/item(\/|$)/.test(pointer);
  const parsed = parseFactTemplate(key, ["args", "result", "item"]);
  if ("pointers" in parsed && parsed.pointers.some(isOfItem))
    context.addIssue({ code: "custom", path: ["key"], message });
  if (value !== undefined && isOfItem(value))
    context.addIssue({ code: "custom", path: ["value"], message });
}

interface Tool extends FactRules {
  readonly effect: "read" | "write" | "destructive";
  readonly cache?: number | undefined;
}

/** What is declared fits what the tool does: reads say facts, effects need and change. */
export function refuseMisplacedFacts(tool: Tool, context: z.core.$RefinementCtx): void {
  const refuse = (key: keyof FactRules, message: string): void =>
    context.addIssue({ code: "custom", path: [key], message });
  const { effect, facts, needs, changes, cache } = tool;
  if (effect === "read") {
    const message = "is for tools with an effect: this one reads (effect: read)";
    if (needs !== undefined) refuse("needs", message);
    if (changes !== undefined) refuse("changes", message);
  } else if (facts !== undefined) {
    refuse("facts", `is for tools that read: this one has effect: ${effect}`);
  }
  if (facts !== undefined && cache !== undefined)
    refuse("facts", "does not go with cache: what is given again may be older than it is believed");
}

type Servers = Readonly<Record<string, { readonly tools: Readonly<Record<string, object>> }>>;

/** A fact that no tool reads could never be had: its effect would never be carried out. */
export function refuseUnreadFacts(servers: Servers, context: z.core.$RefinementCtx): void {
  const tools = Object.entries(servers).flatMap(([server, { tools: named }]) =>
    Object.entries(named).map(([tool, rules]: [string, FactRules]) => ({ server, tool, rules })),
  );
  const shapes = new Set(
    tools.flatMap(({ rules }) => (rules.facts ?? []).map(({ key }) => toShape(key))),
  );
  for (const { server, tool, rules } of tools) {
    for (const [index, { fact }] of (rules.needs ?? []).entries()) {
      const shape = toShape(fact);
      if (shape === null || shapes.has(shape)) continue;
      const path = [server, "tools", tool, "needs", index, "fact"];
      const message = "is said by no tool of this document: none has such a key among its facts";
      context.addIssue({ code: "custom", path, message });
    }
  }
}

/** Null: it is no key, which is said where it stands. */
function toShape(text: string): string | null {
  const parsed = parseFactTemplate(text, ["args", "result", "item"]);
  return "problem" in parsed ? null : toKeyShape(text);
}
