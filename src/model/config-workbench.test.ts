import { expect, test } from "vitest";
import { parseConfig } from "../adapters/yaml/parse-config.ts";
import { listServers } from "./agents-server.ts";
import { workbenchKeyMember } from "./config-workbench.ts";
import { toOwnDefinitions } from "./config-servers.ts";
import { workbenchEffects, workbenchTools } from "./workbench-tools.ts";

const parse = (said: string) =>
  parseConfig(`version: 1
servers:
  lab:
    transport: workbench
${said}`);

function read(said: string) {
  const parsed = parse(said);
  if (parsed.kind !== "valid") throw new Error(JSON.stringify(parsed.problems));
  const { config, bytes } = parsed.revision;
  const { lab } = listServers(config);
  if (lab?.transport !== "workbench") throw new Error("it is a workbench");
  return { lab, config, again: parseConfig(new TextDecoder().decode(bytes)) };
}

test("a workbench of which nothing is said runs programs in T3, which reach nobody", () => {
  const { lab } = read("");
  expect(lab).toMatchObject({
    sandbox: "T3",
    egress: [],
    outward: false,
    warm: 1,
    workspace: { size: 16 * 1024 * 1024, files: 1_000 },
  });
  const effects = Object.entries(lab.tools).map(([name, { effect }]) => [name, effect]);
  expect(Object.fromEntries(effects)).toEqual(workbenchEffects);
  expect(toOwnDefinitions(lab)).toBe(workbenchTools);
  expect(workbenchTools.map(({ name }) => name).toSorted()).toEqual(
    Object.keys(workbenchEffects).toSorted(),
  );
});

test("a tool is what is said of it besides what it is", () => {
  const { lab } = read(
    "    tools: { bash: { effect: destructive }, read_file: { price: '0.05' } }",
  );
  expect(lab.tools["bash"]).toMatchObject({ effect: "destructive" });
  expect(lab.tools["read_file"]).toMatchObject({ effect: "read" });
});

test("programs that reach nobody are done once under a key; others are not, and count as outward", () => {
  const { lab } = read("");
  for (const { name } of workbenchTools)
    expect(lab.tools[name]).toMatchObject({ idempotencyKey: workbenchKeyMember });
  const open = read("    egress: ['api.example.com:443']").lab;
  expect(open.outward).toBe(true);
  const keyed = workbenchTools.map(({ name }) => [name, "idempotencyKey" in open.tools[name]!]);
  expect(keyed.filter(([, isKeyed]) => isKeyed === false).map(([name]) => name)).toEqual([
    "run_code",
    "bash",
  ]);
});

test.each([
  "",
  "    sandbox: T2\n    warm: 0",
  "    workspace: { size: 1MiB, files: 10 }\n    tools: { compute: { downgrade: T0 } }",
])("what is said is kept in the revision: %s", (said) => {
  const { again, config } = read(said);
  expect(again.kind === "valid" && again.revision.config).toEqual(config);
});

test.each([
  ["sandbox: T1", "servers.lab.sandbox"],
  ["sandbox: none", "servers.lab.sandbox"],
  ["command: [node]", "command"],
  ["files: []", "files"],
  ["warm: 65", "servers.lab.warm"],
  ["workspace: { size: 1GiB }", "servers.lab.workspace.size"],
  ["workspace: { files: 0 }", "servers.lab.workspace.files"],
  ["limits: { scratch: 4MiB }", "servers.lab.workspace.size"],
  ["egress: ['10.0.0.1:443']", "servers.lab.egress[0]"],
  ["tools: { run_cod: { price: 1 } }", "run_cod"],
  ["tools: { read_file: { cache: 1m } }", "cache"],
  ["tools: { bash: { downgrade: T1 } }", "servers.lab.tools.bash.downgrade"],
])("%s is refused, and its place is named", (said, place) => {
  const parsed = parse(`    ${said}`);
  expect(parsed.kind).toBe("invalid");
  expect(parsed.kind === "invalid" && parsed.problems.map(({ key }) => key)).toEqual([
    expect.stringContaining(place),
  ]);
});

test("that T1 is too weak is said in plain words", () => {
  const parsed = parse("    sandbox: T1");
  const messages = parsed.kind === "invalid" ? parsed.problems.map(({ message }) => message) : [];
  expect(messages.join()).toContain("T1 shares that of this machine");
});
