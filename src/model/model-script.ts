import { z } from "zod";
import { countField, durationField } from "./config-field.ts";
import { jsonObjectSchema } from "./json-value.ts";
import { hasOnlyReferences, notReference } from "./script-reference.ts";

const text = z.string("takes a text").max(65_536, "takes at most 65536 characters");
const nameField = z.string("takes a name").min(1, "takes a name").max(128);
/** Counted in events of the stream. */
const after = countField({ min: 0, max: 10_000 }).prefault(1);

const statusFault = z.strictObject({
  kind: z.literal("status"),
  status: countField({ min: 400, max: 599 }),
  retryAfter: countField({ min: 0, max: 86_400 }).optional().describe("In seconds."),
});

/** What goes wrong with an answer. */
const faultSchema = z.discriminatedUnion(
  "kind",
  [
    statusFault,
    z.strictObject({
      kind: z.literal("slow_first_token"),
      wait: durationField({ min: "1ms", max: "10m" }),
    }),
    z.strictObject({ kind: z.literal("stall"), after }),
    z.strictObject({ kind: z.literal("cut"), after }),
    z.strictObject({ kind: z.literal("end_early"), after }),
    z.strictObject({ kind: z.literal("error"), after }),
    z.strictObject({ kind: z.literal("garbage"), after }),
    z.strictObject({ kind: z.literal("split_utf8") }),
    z.strictObject({ kind: z.literal("keep_alive") }),
    z.strictObject({ kind: z.literal("malformed_args") }),
    z.strictObject({ kind: z.literal("duplicate_ids") }),
    z.strictObject({ kind: z.literal("no_usage") }),
  ],
  "takes a kind of fault: see docs/models.md",
);
export type ScriptFault = z.output<typeof faultSchema>;

const count = countField({ min: 0, max: 100_000_000 });

const turnSchema = z.strictObject({
  when: z
    .strictObject({
      last: z
        .enum(["user", "tool"], "takes user or tool")
        .optional()
        .describe("Whose message the last one is."),
      contains: text.optional().describe("Found in the last message, in any case of letters."),
      tool: nameField.optional().describe("Whose result the last message is."),
      results: count.optional().describe("How many results of tools there are so far."),
    })
    .prefault({})
    .describe("Conditions on the conversation, all of which must hold."),
  times: countField({ min: 1, max: 1_000_000 })
    .optional()
    .describe("How often this turn is taken before the next ones are looked at. Absent: always."),
  say: text.refine(hasOnlyReferences, notReference).prefault(""),
  calls: z
    .array(
      z.strictObject({
        tool: nameField,
        args: jsonObjectSchema.refine(hasOnlyReferences, notReference).prefault({}),
      }),
    )
    .max(128)
    .prefault([]),
  stop: z.enum(["length", "refused"], "takes length or refused").optional(),
  usage: z
    .strictObject({ input: count, output: count, cached: count.prefault(0) })
    .refine(({ input, cached }) => cached <= input, "has more cached than input")
    .optional()
    .describe("Absent: counted from the text, four characters a token."),
  fault: faultSchema.optional(),
});
export type ScriptTurn = z.output<typeof turnSchema>;

/** What a scripted model says, and what goes wrong with it: the first turn that fits is taken. */
export const modelScriptSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]+(?:[-_][a-z0-9]+)*$/, "takes a name of lower-case letters and digits")
    .max(64),
  turns: z.array(turnSchema, "takes a list of turns").min(1).max(1_000),
});
export type ModelScript = z.output<typeof modelScriptSchema>;

/** What a turn is chosen by, whichever format it came in. */
export interface ScriptScene {
  readonly last: "user" | "tool" | null;
  readonly text: string;
  /** Whose result the last message is. */
  readonly tool: string | null;
  readonly results: number;
}

/** Places in the script of those turns that fit; which of them is taken depends on `times`. */
export function listFittingTurns({ turns }: ModelScript, scene: ScriptScene): readonly number[] {
  return turns.flatMap(({ when }, index) => (fits(when, scene) ? [index] : []));
}

function fits({ last, contains, tool, results }: ScriptTurn["when"], scene: ScriptScene): boolean {
  return (
    (last === undefined || last === scene.last) &&
    (contains === undefined || scene.text.toLowerCase().includes(contains.toLowerCase())) &&
    (tool === undefined || tool === scene.tool) &&
    (results === undefined || results === scene.results)
  );
}
