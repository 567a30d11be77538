import { z } from "zod";
import { moneyField } from "./config-budgets.ts";
import {
  countField,
  durationField,
  privateField,
  shortNameField,
  urlField,
} from "./config-field.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

const notName = "takes a name of lower-case letters, digits and single -, _ or ., such as gpt-5.1";
const nameField = z
  .string(notName)
  .max(64, notName)
  .regex(/^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/, notName)
  .meta({ title: "name" });

const notModel = "takes the name of a model";
const modelField = z.string(notModel).min(1, notModel).max(200, notModel);

const pricesField = z
  .strictObject({
    input: moneyField.describe("Tokens that go in."),
    output: moneyField.describe("Tokens that come out, reasoning included."),
    cached: moneyField
      .optional()
      .describe("Tokens read from the backend's cache. Absent: as other input."),
    cacheWrite: moneyField
      .optional()
      .describe("Tokens written to it. Absent: the cost of answers that write some is not known."),
  })
  .optional()
  .describe(
    "Money for a million tokens. Absent: not known, and where a budget in money holds, it is not asked.",
  );

const common = {
  concurrency: countField({ min: 1, max: 10_000 })
    .prefault(16)
    .describe("Requests under way at once, of one replica. The next ones wait."),
  queue: countField({ min: 0, max: 10_000 })
    .prefault(64)
    .describe("Requests that may wait. One more goes to the route's next group, or is refused."),
  firstToken: durationField({ min: "100ms", max: "1h" })
    .prefault("2m")
    .describe("How long it may take to begin. Then the route's next backend is asked."),
  idle: durationField({ min: "100ms", max: "1h" })
    .prefault("60s")
    .describe("How long it may say nothing once it has begun. Then the answer is given up."),
  prices: pricesField,
  hardware: shortNameField("h100 or l4-x2")
    .optional()
    .describe("What it runs on, where that is known: tasks are counted by it in metrics."),
};

const remote = {
  model: modelField.describe("The model's own name at the backend."),
  key: secretReferenceSchema
    .optional()
    .describe("Reference to the API key. Absent: the backend wants none."),
  private: privateField,
};

const openaiSchema = z
  .strictObject({
    kind: z.literal("openai"),
    url: urlField
      .prefault("https://api.openai.com/v1")
      .describe("Base URL, as OpenAI's clients take it: with `/v1`."),
    tokenLimit: z
      .enum(["max_completion_tokens", "max_tokens"], "takes max_completion_tokens or max_tokens")
      .prefault("max_completion_tokens")
      .describe("How the limit of tokens is called; older servers know it as `max_tokens`."),
    ...remote,
    ...common,
  })
  .describe("chat.completions: OpenAI and servers that are compatible with it.");

const anthropicSchema = z
  .strictObject({
    kind: z.literal("anthropic"),
    url: urlField
      .prefault("https://api.anthropic.com")
      .describe("Base URL, as Anthropic's clients take it: without `/v1`."),
    ...remote,
    ...common,
  })
  .describe("messages: Anthropic and servers that are compatible with it.");

const scriptedSchema = z
  .strictObject({
    kind: z.literal("scripted"),
    script: z
      .string("takes a file")
      .min(1, "takes a file")
      .max(1_024, "takes a file of at most 1024 characters")
      .describe("File with what it says, relative to countersign.yaml: docs/models.md."),
    format: z
      .enum(["openai", "anthropic"], "takes openai or anthropic")
      .prefault("openai")
      .describe("Which format it is asked in."),
    ...common,
  })
  .describe(
    "No model: a server of our own that says what a file says, for tests and demonstrations.",
  );

const backendSchema = z
  .discriminatedUnion(
    "kind",
    [openaiSchema, anthropicSchema, scriptedSchema],
    "takes kind: openai, anthropic or scripted",
  )
  .superRefine((backend, context) => {
    if (backend.kind === "scripted" || backend.private || !backend.url.startsWith("http:")) return;
    const message = "is plain http, which takes private: true";
    context.addIssue({ code: "custom", path: ["url"], message });
  });
export type BackendConfig = z.output<typeof backendSchema>;
export type PricesConfig = NonNullable<BackendConfig["prices"]>;

const memberSchema = z.strictObject({
  backend: nameField.describe("One of `models.backends`."),
  weight: countField({ min: 1, max: 1_000 })
    .prefault(1)
    .describe("Its share of the requests of its group."),
  model: modelField
    .optional()
    .describe("Instead of the backend's own model: a LoRA adapter that it serves, at its prices."),
});

const routeSchema = z
  .array(
    z.array(memberSchema, "takes a list of backends").min(1, "takes at least one backend").max(16),
    "takes a list of groups",
  )
  .min(1, "takes at least one group")
  .max(8, "takes at most 8 groups")
  .describe("Groups of backends, in the order in which they are asked.");

export const modelsField = z
  .strictObject({
    backends: z
      .record(nameField, backendSchema)
      .refine((backends) => Object.keys(backends).length <= 64, "takes at most 64 backends")
      .prefault({})
      .describe("Servers of models, by name."),
    routes: z
      .record(nameField, routeSchema)
      .refine((routes) => Object.keys(routes).length <= 64, "takes at most 64 routes")
      .prefault({})
      .describe("What agents call a model, and the backends that answer for it."),
  })
  .superRefine(({ backends, routes }, context) => {
    for (const [alias, groups] of Object.entries(routes)) {
      for (const [group, members] of groups.entries()) {
        for (const [index, { backend }] of members.entries()) {
          if (Object.hasOwn(backends, backend)) continue;
          const path = ["routes", alias, group, index, "backend"];
          context.addIssue({ code: "custom", path, message: "names no backend of this document" });
        }
      }
    }
  })
  .prefault({})
  .describe("Models: where they run, and what they are called here.");
export type ModelsConfig = z.output<typeof modelsField>;
