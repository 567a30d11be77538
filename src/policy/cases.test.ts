import { expect, test } from "vitest";
import { openMadeUp, ruleSets } from "../../test/policy/company.ts";
import { parseCases } from "../adapters/yaml/parse-cases.ts";
import { runCases } from "./cases.ts";

const pause = async (): Promise<void> => undefined;

async function run(text: string) {
  const parsed = parseCases(text);
  if (parsed.kind === "invalid")
    return parsed.problems.map(
      ({ line, key, message, suggestion }) => `${line} ${key} ${message} ${suggestion ?? ""}`,
    );
  const scene = await openMadeUp(ruleSets.company);
  const wanted = parsed.cases.map((each) => each.wanted);
  const results = await runCases(scene, wanted, pause);
  scene.close();
  return results.map(({ outcome, problems }) => `${outcome}: ${problems.join("; ")}`);
}

const head = "cases:\n  - name: one\n    as: { subject: ada, tenant: acme, roles: [staff] }\n";

test.each([
  [
    "a key that nobody knows",
    "    tol: web__post\n",
    /^4 cases\[0\]\.tol is not a known key tool$/m,
  ],
  ["a role in the wrong place", "    role: [staff]\n", /is not a known key rule/],
  [
    "an expectation that is none",
    "    tool: web__post\n    expect: allowed\n",
    /takes allow, deny or ask allow/,
  ],
  ["no expectation", "    tool: web__post\n", /cases\[0\]\.expect is missing/],
  ["no target", "    expect: allow\n", /names one of tool, prompt, or resource with server/],
  ["two targets", "    tool: a__b\n    prompt: a__c\n    expect: allow\n", /names one of/],
  ["a resource of nobody", "    resource: file:///a\n    expect: allow\n", /names one of/],
  [
    "approvers of an allow",
    "    tool: a__b\n    expect: allow\n    approvers: [self]\n",
    /goes with expect: ask/,
  ],
  [
    "a time that is none",
    "    tool: a__b\n    at: noon\n    expect: allow\n",
    /takes a time such as/,
  ],
  [
    "a name twice",
    "    tool: a__b\n    expect: allow\n  - name: one\n    as: { subject: a }\n    tool: a__b\n    expect: deny\n",
    /is taken already/,
  ],
])("%s is refused with its line", async (_, more, expected) => {
  const problems = await run(head + more);
  expect(problems.join("\n")).toMatch(expected);
  expect(problems[0]).toMatch(/^\d/);
});

test.each(["", "  \n", "cases: []\n", "- a\n"])("%j holds no cases", async (text) => {
  expect((await run(text))[0]).toMatch(/^\d/);
});

test.each([
  [
    "a tool that is not there",
    "    tool: web__pots\n",
    /there is no tool web__pots; did you mean web__post\?/,
  ],
  [
    "a toolset that is not there",
    "    tool: web__post\n    toolset: kiosc\n",
    /no toolset kiosc; did you mean kiosk/,
  ],
  [
    "a tool that the toolset lacks",
    "    tool: web__post\n    toolset: kiosk\n",
    /kiosk does not offer web__post/,
  ],
  [
    "a server that is not there",
    "    resource: a\n    server: fils\n",
    /no server fils; did you mean files/,
  ],
  [
    "arguments that the tool refuses",
    "    tool: web__post\n    args: { url: 5 }\n",
    /args\/url must be string/,
  ],
  ["arguments that are missing", "    tool: web__post\n", /must have required property 'url'/],
  [
    "an argument that is not there",
    "    tool: web__search\n    args: { query: a, q: b }\n",
    /must NOT have additional properties \(q\)/,
  ],
  [
    "no time where a rule reads it",
    "    tool: bank__transfer\n    args: { cents: 5, from: a, to: b }\n",
    /says no `at`/,
  ],
])("%s makes a case wrong, which is not failed", async (_, more, expected) => {
  const [result] = await run(`${head}${more}    expect: allow\n`);
  expect(result).toMatch(/^wrong: /);
  expect(result).toMatch(expected);
});

test.each([
  [
    "another decision",
    "    tool: mail__draft\n    args: { to: [], subject: a }\n    expect: deny\n",
    /expected deny and came allow, by mail/,
  ],
  [
    "another rule",
    "    tool: mail__draft\n    args: { to: [], subject: a }\n    expect: allow\n    rule: reads\n",
    /expected rule reads and came mail/,
  ],
  [
    "other approvers",
    "    tool: mail__draft\n    args: { to: [], subject: a }\n    labels: [untrusted]\n    expect: ask\n    approvers: [self]\n",
    /expected approvers self and came role:approver/,
  ],
  [
    "other obligations",
    "    tool: db__query\n    args: { sql: a }\n    expect: allow\n    obligations: [rate 10/1m]\n",
    /expected obligations rate 10\/1m and came/,
  ],
  [
    "obligations that are none",
    "    tool: db__query\n    args: { sql: a }\n    expect: allow\n    obligations: [blur]\n",
    /"blur" is no obligation/,
  ],
])("%s fails", async (_, more, expected) => {
  const [result] = await run(head + more);
  expect(result).toMatch(/^failed: /);
  expect(result).toMatch(expected);
});
