import { z } from "zod";
import { countField, durationField } from "./config-field.ts";

const nameField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "takes a name such as profile or open-orders");

const notTool = "takes the exposed name of one tool, such as orders__list";
const toolField = z.string(notTool).regex(/^[A-Za-z0-9_.:/-]{1,128}$/, notTool);

const notPointer = "takes a JSON Pointer, such as /input or /principal/subject";
const pointerField = z
  .string(notPointer)
  .max(256, notPointer)
  .regex(/^\/(?:input|principal\/(?:subject|kind)|tenant)$/, notPointer);

const common = {
  owner: z
    .string("takes a text")
    .min(1)
    .max(256)
    .optional()
    .describe("Who answers for what it says: a team or a role. Shown with it."),
  budget: countField({ min: 16, max: 1_000_000 })
    .prefault(2_000)
    .describe("Tokens that it may take of the window. What is longer is cut, and that is said."),
};

const read = {
  ...common,
  fresh: durationField({ min: "1s", max: "365d" })
    .optional()
    .describe("How old it may be before it is read again. Absent: it is read once a run."),
  after: z
    .array(toolField, "takes a list of tools")
    .max(64, "takes at most 64 tools")
    .prefault([])
    .describe("Exposed names of tools after which it is read again, whatever its age."),
};

/** Longer than the window of most models. */
export const maxSourceText = 262_144;

const argsField = z
  .record(z.string().min(1).max(256), z.json())
  .refine((args) => Object.keys(args).length <= 100, "takes at most 100 arguments")
  .prefault({});

const notFile =
  "takes a .md or .txt file below the directory of countersign.yaml, such as knowledge/returns.md";

const sourceSchema = z.discriminatedUnion(
  "kind",
  [
    z
      .strictObject({
        kind: z.literal("text"),
        text: z.string("takes a text").min(1).max(maxSourceText),
        ...common,
      })
      .describe("A text of the configuration itself."),
    z
      .strictObject({
        kind: z.literal("file"),
        file: z
          .string(notFile)
          .max(1_024, notFile)
          .regex(
            /^(?:[A-Za-z0-9_][A-Za-z0-9_ .-]*\/)*[A-Za-z0-9_][A-Za-z0-9_ .-]*\.(?:md|txt)$/,
            notFile,
          ),
        ...common,
      })
      .describe(
        "A file, relative to countersign.yaml. It is read when the document is, and stands as `text` in the revision.",
      ),
    z
      .strictObject({ kind: z.literal("profile"), ...common })
      .describe("Whom the run acts for: name, kind, tenant and roles."),
    z
      .strictObject({
        kind: z.literal("tool"),
        tool: toolField.describe("A tool of the agent that only reads."),
        args: argsField.describe("Its arguments."),
        from: z
          .record(z.string().min(1).max(256), pointerField)
          .prefault({})
          .describe(
            "Arguments that are taken from the run: /input, /principal/subject, /principal/kind or /tenant.",
          ),
        ...read,
      })
      .describe("What a tool answers, asked through the gate. A memory is one: memory__recall."),
    z
      .strictObject({
        kind: z.literal("resource"),
        server: z.string().min(1).max(64),
        uri: z.string().min(1).max(8_192),
        ...read,
      })
      .describe("A resource of an MCP server."),
    z
      .strictObject({
        kind: z.literal("prompt"),
        server: z.string().min(1).max(64),
        prompt: z.string().min(1).max(256),
        args: z.record(z.string().min(1).max(256), z.string().max(8_192)).prefault({}),
        ...read,
      })
      .describe("A prompt of an MCP server."),
  ],
  "takes kind: text, file, profile, tool, resource or prompt",
);
export type SourceConfig = z.output<typeof sourceSchema>;

const notShare = "takes a share from 0.2 to 0.95";

export const contextField = z
  .strictObject({
    window: countField({ min: 2_000, max: 10_000_000 })
      .prefault(128_000)
      .describe("Tokens that the model takes, its answer included."),
    toolTokens: countField({ min: 100, max: 1_000_000 })
      .prefault(16_000)
      .describe(
        "Tokens that definitions of tools may take. Where they take more, the model is given a search for tools in their place.",
      ),
    compaction: z
      .strictObject({
        at: z
          .number(notShare)
          .min(0.2, notShare)
          .max(0.95, notShare)
          .prefault(0.75)
          .describe("Share of the window from which on what is old is summarised."),
        keepTurns: countField({ min: 1, max: 64 })
          .prefault(4)
          .describe("Turns that stay as they are, the newest ones."),
        model: z
          .string("takes an alias of models.routes")
          .min(1)
          .max(64)
          .optional()
          .describe("An alias of `models.routes` that summarises. Absent: the agent's own model."),
        maxTokens: countField({ min: 64, max: 100_000 })
          .prefault(2_048)
          .describe("Tokens that a summary may have."),
        prompt: z
          .string("takes a text")
          .min(1)
          .max(16_384)
          .optional()
          .describe("What the summarising model is told. Absent: our own words."),
      })
      .prefault({})
      .describe("How what is old is made shorter. Instructions and what is open never are."),
    sources: z
      .record(nameField, sourceSchema)
      .refine((sources) => Object.keys(sources).length <= 32, "takes at most 32 sources")
      .prefault({})
      .describe("What the model is shown besides its instructions and the conversation, by name."),
  })
  .describe("What the model has before it at each turn.");
export type ContextConfig = z.output<typeof contextField>;
