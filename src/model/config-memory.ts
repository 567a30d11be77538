import { z } from "zod";
import { countField, durationField, nameField, privateField, urlField } from "./config-field.ts";
import { tenantIdSchema } from "./id.ts";
import { memoryLanguages } from "./memory-language.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

const openaiSchema = z
  .strictObject({
    kind: z.literal("openai"),
    url: urlField
      .prefault("https://api.openai.com/v1")
      .describe("Base URL, as OpenAI's clients take it: with `/v1`."),
    model: z.string().min(1).max(200).describe("The model's own name there."),
    dimensions: countField({ min: 1, max: 4_096 }).describe(
      "Length of its vectors. An answer of another length is refused.",
    ),
    version: z
      .string()
      .min(1)
      .max(64)
      .prefault("1")
      .describe("To be changed when the model behind the name is another: all is embedded anew."),
    leastLikeness: z
      .number("takes a number from 0 to 1")
      .min(0, "takes a number from 0 to 1")
      .max(1, "takes a number from 0 to 1")
      .prefault(0)
      .describe("Cosine from which on two texts of this model have anything in common."),
    key: secretReferenceSchema
      .optional()
      .describe("Reference to the API key. Absent: the server wants none."),
    private: privateField,
    timeout: durationField({ min: "100ms", max: "2m" })
      .prefault("10s")
      .describe("How long an answer may take, retries included."),
    concurrency: countField({ min: 1, max: 256 })
      .prefault(8)
      .describe("Requests under way at once, of one replica. The next ones wait."),
  })
  .describe("Any server of `/v1/embeddings`, as OpenAI speaks it.");

const lexicalSchema = z
  .strictObject({ kind: z.literal("lexical") })
  .describe("No model: words and groups of letters. It knows spellings, and nothing of meaning.");

const embedderField = z
  .discriminatedUnion("kind", [lexicalSchema, openaiSchema], "takes kind: lexical or kind: openai")
  .superRefine((embedder, context) => {
    if (embedder.kind === "lexical" || embedder.private || !embedder.url.startsWith("http:"))
      return;
    const message = "is plain http, which takes private: true";
    context.addIssue({ code: "custom", path: ["url"], message });
  })
  .prefault({ kind: "lexical" })
  .describe("What turns texts into vectors. Those of another one are never compared with its own.");

export const memoryField = z
  .strictObject({
    embedder: embedderField,
    language: z
      .enum(memoryLanguages, "takes a language such as english, or simple")
      .prefault("simple")
      .describe("Whose word stems are looked for besides the words; what is written from then on."),
    rows: countField({ min: 1, max: 100_000 })
      .prefault(5_000)
      .describe("Memories of one scope. One more is refused."),
    shared: z
      .array(nameField, "takes a list of agents")
      .max(500)
      .prefault([])
      .describe(
        "Agents that keep one memory for all whom they act for. The others keep one for each subject.",
      ),
    reembed: countField({ min: 0, max: 100_000 })
      .prefault(600)
      .describe("Memories a minute that a replica embeds anew after a change of embedder."),
    tenants: z
      .array(tenantIdSchema, "takes a list of tenants")
      .min(1)
      .max(1_000)
      .optional()
      .describe("Tenants whose callers may use it. Absent: all."),
  })
  .optional()
  .describe("What agents keep between runs, as tools of the server `memory`. Absent: nothing.");

export type MemoryConfig = NonNullable<z.output<typeof memoryField>>;
