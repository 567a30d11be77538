import { expect, test } from "vitest";
import { parseConfig } from "../adapters/yaml/parse-config.ts";
import { toAgentTool } from "./agent-tool.ts";
import { fromConfigBytes } from "./config-revision.ts";

const models = `models:
  backends: { demo: { kind: scripted, script: demo.yaml } }
  routes: { fast: [[{ backend: demo }]] }
`;
const document = (agents: string, rest = models) => `version: 1\n${rest}agents:\n${agents}`;
const agent = (more = "") => `{ description: D, model: fast, instructions: I${more} }`;

function problemsOf(text: string) {
  const parsed = parseConfig(text);
  if (parsed.kind === "valid") return [];
  return parsed.problems.map(({ line, key, message, suggestion }) => ({
    line,
    key,
    message,
    suggestion,
  }));
}

test("what an agent does not say has a default, and is read back as it was written", () => {
  const parsed = parseConfig(document(`  travel: ${agent()}\n`));
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  const { revision } = parsed;
  expect(revision.config.agents).toEqual({
    travel: {
      description: "D",
      model: "fast",
      maxTokens: 4_096,
      stop: [],
      instructions: "I",
      agents: [],
      waits: false,
      compensations: {},
      budget: {},
      maxSteps: 50,
    },
  });
  expect(fromConfigBytes(revision.bytes).config).toEqual(revision.config);
});

test("money, times and counts are those of the rest of the document", () => {
  const more = ', budget: { money: "2.50", tokens: 5, calls: 6 }, deadline: 1h30m, maxSteps: 7';
  const parsed = parseConfig(document(`  travel: ${agent(more)}\n`));
  expect(parsed.kind === "valid" && parsed.revision.config.agents["travel"]).toMatchObject({
    budget: { money: 2_500_000, tokens: 5, calls: 6 },
    deadline: 5_400_000,
    maxSteps: 7,
  });
});

test.each([
  [", budget: { mony: 1 }", "agents.travel.budget.mony", /is not a known key/, "money"],
  [", intructions: x", "agents.travel.intructions", /is not a known key/, "instructions"],
  [", skills: [../a]", "agents.travel.skills[0]", /takes a folder below the directory/, undefined],
  [", skills: a", "agents.travel.skills", /takes a list of folders/, undefined],
  [", temperature: 3", "agents.travel.temperature", /from 0 to 2/, undefined],
  [", tools: ['flights__*']", "agents.travel.tools[0]", /exposed name of one tool/, undefined],
  [", toolset: none", "agents.travel.toolset", /names no toolset/, null],
  [", agents: [travle]", "agents.travel.agents[0]", /names no agent/, "travel"],
  [", agents: [looker, looker]", "agents.travel.agents[1]", /named twice/, null],
  [", instructionsFile: a.md", "agents.travel.instructionsFile", /stands beside/, null],
  [
    ", compensations: { a__b: { tool: a__c, args: { id: /res/id } } }",
    "agents.travel.compensations.a__b.args.id",
    /JSON Pointer/,
    undefined,
  ],
  [
    ", compensations: { a__b: { tool: a__c, args: { id: /result/~2 } } }",
    "agents.travel.compensations.a__b.args.id",
    /JSON Pointer/,
    undefined,
  ],
])("%s is refused where it stands", (more, key, message, suggestion) => {
  const [first, ...rest] = problemsOf(document(`  looker: ${agent()}\n  travel: ${agent(more)}\n`));
  expect(rest).toEqual([]);
  expect(first).toMatchObject({ line: 7, key });
  expect(first?.message).toMatch(message);
  if (suggestion !== undefined) expect(first?.suggestion).toBe(suggestion);
});

test("an agent without instructions says so", () => {
  expect(problemsOf(document("  travel: { description: D, model: fast }\n"))).toMatchObject([
    { line: 6, key: "agents.travel", message: "has no instructions and no instructionsFile" },
  ]);
});

test("a model has to be an alias; without models that is what is missing", () => {
  const [wrong] = problemsOf(document(`  travel: ${agent().replace("fast", "fats")}\n`));
  expect(wrong).toMatchObject({ line: 6, key: "agents.travel.model", suggestion: "fast" });
  expect(problemsOf(document(`  travel: ${agent()}\n`, ""))).toEqual([
    {
      line: 3,
      key: "agents.travel.model",
      message: "needs a route of this name below models.routes, which has none: docs/models.md",
      suggestion: null,
    },
  ]);
});

test.each([
  [{ a: "a" }, "a → a"],
  [{ a: "b", b: "a" }, "a → b → a"],
  [{ a: "b", b: "c", c: "a", d: "a" }, "a → b → c → a"],
])("a circle of agents is refused by name: %o", (callees, circle) => {
  const agents = Object.entries(callees)
    .map(([name, callee]) => `  ${name}: ${agent(`, agents: [${callee}]`)}\n`)
    .join("");
  const [first] = problemsOf(document(agents));
  expect(first).toMatchObject({ line: 6, key: "agents.a.agents[0]" });
  expect(first?.message).toBe(`closes a circle of agents that call each other: ${circle}`);
});

test("two agents may call a third", () => {
  const call = (name: string) => agent(`, agents: [${name}]`);
  expect(
    problemsOf(document(`  a: ${agent(", agents: [b, c]")}\n  b: ${call("c")}\n  c: ${agent()}\n`)),
  ).toEqual([]);
});

test("no server has the name under which agents are tools", () => {
  const servers = "servers:\n  agents: { transport: http, url: https://a.example/mcp }\n";
  expect(problemsOf(document(`  travel: ${agent()}\n`, models + servers))).toMatchObject([
    { line: 6, key: "servers.agents" },
  ]);
  // Runs that began while there were agents still call them by it.
  expect(problemsOf(`version: 1\n${servers}`)).toMatchObject([{ key: "servers.agents" }]);
});

test.each([
  "../secrets.md",
  "/etc/motd.txt",
  "a/../../b.md",
  ".countersign/x.md",
  "a/.b/c.md",
  "secrets/key",
  "a\\b.md",
  "a//b.md",
  "./a.md",
  "C:/a.md",
  "a.md/",
  "~/a.md",
  "a.md\n",
])("no other file than a text below the document is named: %j", (file) => {
  const text = `  travel: { description: D, model: fast, instructionsFile: ${JSON.stringify(file)} }\n`;
  expect(problemsOf(document(text))[0]?.message).toMatch(/takes a \.md or \.txt file below/);
});

test("an agent as a tool: its pin is of name, description and schema", () => {
  const tool = toAgentTool("looker", "Looks.");
  expect(tool).toMatchObject({
    exposed: "agents__looker",
    definition: {
      name: "looker",
      inputSchema: { required: ["task"], additionalProperties: false },
    },
  });
  const pins = [tool, toAgentTool("looker", "Looks!"), toAgentTool("look", "Looks.")];
  expect(new Set(pins.map(({ pin }) => pin)).size).toBe(3);
});
