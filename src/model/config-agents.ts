import { z } from "zod";
import { closest } from "../lib/closest.ts";
import { agentServer } from "./agent-tool.ts";
import { a2aField } from "./config-a2a.ts";
import { moneyField } from "./config-budgets.ts";
import { contextField } from "./config-context.ts";
import { countField, durationField, shortNameField } from "./config-field.ts";
import { loadedSkillsField, skillsField } from "./config-skills.ts";

const agentName = shortNameField("travel or invoice-clerk");

const notTool = "takes the exposed name of one tool, such as flights__search";
const toolField = z
  .string(notTool)
  .regex(/^[A-Za-z0-9_.:/-]{1,128}$/, notTool)
  .meta({ title: "tool" });

// What `plan` shows of it everybody sees who may plan: so it is no other file than one of texts, and
// none of a hidden directory, such as that of the store.
const notFile =
  "takes a .md or .txt file below the directory of countersign.yaml, such as prompts/travel.md";
const instructionsFileField = z
  .string(notFile)
  .max(1_024, notFile)
  .regex(/^(?:[A-Za-z0-9_][A-Za-z0-9_ .-]*\/)*[A-Za-z0-9_][A-Za-z0-9_ .-]*\.(?:md|txt)$/, notFile)
  .meta({ title: "file" });

/** Longer instructions than the context of most models. */
export const maxInstructions = 262_144;
const notInstructions = `takes a text of 1 to ${maxInstructions} characters`;

const notPointer =
  "takes a JSON Pointer into what is taken back, such as /result/structuredContent/id or /args/id";
const pointerField = z
  .string(notPointer)
  .max(1_024, notPointer)
  .regex(/^\/(?:args|result)(?:\/(?:[^/~]|~[01])*)*$/u, notPointer)
  .meta({ title: "pointer" });

const compensationSchema = z
  .strictObject({
    tool: toolField.describe("The tool that takes the effect back; one of the agent's own."),
    args: z
      .record(z.string().min(1).max(256), pointerField)
      .refine((args) => Object.keys(args).length <= 100, "takes at most 100 arguments")
      .prefault({})
      .describe("Its arguments: each a JSON Pointer into `{args, result}` of what is taken back."),
  })
  .describe("How an effect is taken back.");

const budgetSchema = z.strictObject({
  money: moneyField.optional().describe("Money for models and tools, by their prices."),
  tokens: countField({ min: 1, max: 1_000_000_000_000 }).optional().describe("Tokens, in and out."),
  calls: countField({ min: 1, max: 1_000_000_000 }).optional().describe("Calls of tools."),
});

const agentSchema = z
  .strictObject({
    description: z
      .string("takes a text")
      .min(1, "takes a text")
      .max(2_048, "takes at most 2048 characters")
      .describe("What it is for: what people read, and agents that may call it."),
    model: z
      .string("takes an alias of models.routes")
      .min(1)
      .max(64)
      .describe("An alias of `models.routes`."),
    maxTokens: countField({ min: 1, max: 10_000_000 })
      .prefault(4_096)
      .describe("Tokens that one answer of the model may have."),
    temperature: z
      .number("takes a number from 0 to 2")
      .min(0, "takes a number from 0 to 2")
      .max(2, "takes a number from 0 to 2")
      .optional()
      .describe("Absent: the model's own."),
    stop: z
      .array(z.string("takes a text").min(1).max(256), "takes a list of texts")
      .max(16, "takes at most 16 texts")
      .prefault([])
      .describe("Texts at which an answer ends."),
    instructions: z
      .string(notInstructions)
      .min(1, notInstructions)
      .max(maxInstructions, notInstructions)
      .optional()
      .describe("What it is told before anything else."),
    instructionsFile: instructionsFileField
      .optional()
      .describe(
        "File with its instructions, relative to countersign.yaml. It is read when the document is, and its text becomes `instructions` of the revision.",
      ),
    context: contextField.optional(),
    skills: skillsField,
    loadedSkills: loadedSkillsField,
    toolset: z
      .string("takes the name of a toolset")
      .min(1)
      .max(64)
      .optional()
      .describe("A toolset of this document. Absent: every server's tools."),
    tools: z
      .array(toolField, "takes a list of tools")
      .max(1_000, "takes at most 1000 tools")
      .optional()
      .describe("Exposed names of the tools it may use, of its toolset. Absent: all of them."),
    agents: z
      .array(agentName, "takes a list of agents")
      .max(64, "takes at most 64 agents")
      .prefault([])
      .describe("Agents that it may call as tools."),
    waits: z
      .boolean("takes true or false")
      .prefault(false)
      .describe("Whether it is offered tools to wait, for a time or a signal."),
    compensations: z
      .record(toolField, compensationSchema)
      .refine((all) => Object.keys(all).length <= 1_000, "takes at most 1000 compensations")
      .prefault({})
      .describe("By the exposed name of a tool: what takes its effect back."),
    budget: budgetSchema
      .prefault({})
      .describe(
        "What one run may use up, its sub-agents included. A kind that is absent is not limited.",
      ),
    deadline: durationField({ min: "1s", max: "365d" })
      .optional()
      .describe("How long one run may take, waiting included. Absent: as long as it takes."),
    maxSteps: countField({ min: 1, max: 100_000 })
      .prefault(50)
      .describe("Answers of the model in one run."),
    taskClass: shortNameField("booking or triage")
      .optional()
      .describe("What its tasks are counted as in metrics, beside others. Absent: its own name."),
    a2a: a2aField,
  })
  .superRefine(({ instructions, instructionsFile }, context) => {
    const refuse = toRefuse(context);
    if (instructions !== undefined && instructionsFile !== undefined)
      refuse(["instructionsFile"], "stands beside instructions: one of the two", null);
    if (instructions === undefined && instructionsFile === undefined)
      refuse([], "has no instructions and no instructionsFile", null);
  })
  .describe("A model with instructions and tools.");
export type AgentConfig = z.output<typeof agentSchema>;
export type AgentsConfig = Readonly<Record<string, AgentConfig>>;

export const agentsField = z
  .record(agentName, agentSchema)
  .refine((agents) => Object.keys(agents).length <= 64, "takes at most 64 agents")
  .superRefine(refuseWrongCallees)
  .prefault({})
  .describe("Agents that can be run, by name.");

function refuseWrongCallees(
  agents: Readonly<Record<string, { readonly agents: readonly string[] }>>,
  context: z.core.$RefinementCtx,
): void {
  const refuse = toRefuse(context);
  const names = Object.keys(agents);
  for (const [name, { agents: callees }] of Object.entries(agents)) {
    for (const [index, callee] of callees.entries()) {
      const path = [name, "agents", index];
      if (!Object.hasOwn(agents, callee))
        refuse(path, "names no agent of this document", closest(callee, names));
      else if (callees.indexOf(callee) !== index) refuse(path, "is named twice", null);
      else {
        const way = findWay(callee, name, (each) => agents[each]?.agents ?? []);
        if (way !== null)
          refuse(
            path,
            `closes a circle of agents that call each other: ${[name, ...way].join(" → ")}`,
            null,
          );
      }
    }
  }
}

/** How one agent comes to call another, both included; null if it never does. */
function findWay(
  from: string,
  to: string,
  calleesOf: (name: string) => readonly string[],
): readonly string[] | null {
  const seen = new Set<string>([from]);
  const ways: (readonly string[])[] = [[from]];
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const last = way.at(-1)!;
    if (last === to) return way;
    for (const next of calleesOf(last)) {
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return null;
}

interface Whole {
  readonly agents: AgentsConfig;
  readonly models: { readonly routes: object };
  readonly toolsets: object;
  readonly servers: object;
}

/** What agents name has to be in the document: a run must not be the first to find out. */
export function refuseStrangeAgents(document: Whole, context: z.core.$RefinementCtx): void {
  const { agents, models, toolsets, servers } = document;
  const refuse = toRefuse(context);
  const aliases = Object.keys(models.routes);
  for (const [name, { model, toolset, maxTokens, context: shown }] of Object.entries(agents)) {
    const summariser = shown?.compaction.model ?? model;
    if (summariser !== model && !aliases.includes(summariser)) {
      const path = ["agents", name, "context", "compaction", "model"];
      refuse(path, "names no route of models.routes", closest(summariser, aliases));
    }
    if (shown !== undefined && shown.window <= maxTokens) {
      const message = `leaves nothing beside an answer of ${maxTokens} tokens`;
      refuse(["agents", name, "context", "window"], message, null);
    }
    if (!aliases.includes(model)) {
      const message =
        aliases.length === 0
          ? "needs a route of this name below models.routes, which has none: docs/models.md"
          : "names no route of models.routes";
      refuse(["agents", name, "model"], message, closest(model, aliases));
    }
    if (toolset !== undefined && !Object.hasOwn(toolsets, toolset)) {
      const near = closest(toolset, Object.keys(toolsets));
      refuse(["agents", name, "toolset"], "names no toolset of this document", near);
    }
  }
  if (Object.hasOwn(servers, agentServer))
    refuse(["servers", agentServer], "has the name under which agents are offered as tools", null);
}

function toRefuse(context: z.core.$RefinementCtx) {
  return (path: (string | number)[], message: string, suggestion: string | null): void => {
    const params = suggestion === null ? {} : { params: { suggestion } };
    context.addIssue({ code: "custom", path, message, ...params });
  };
}
