import { expect, test } from "vitest";
import { callCli as call } from "../../test/call-cli.ts";
import type { Bundle, Client } from "../client/client.ts";
import type { SkillFinding } from "../model/skill-finding.ts";
import type { LintedSkills } from "./context.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const ok = <Body>(body: Body) => ({ status: 200, etag: null, body }) as const;

type Skill = Bundle["bundle"]["skills"][number];

function toSkill(name: string, more: Partial<Skill> = {}): Skill {
  const files = [
    { path: "SKILL.md", digest, size: 4_001 },
    { path: "scripts/a.py", digest, size: 7 },
  ];
  return { name, description: `Does ${name}.`, digest, wishes: [], files, ...more };
}

function openClient(agents: Readonly<Record<string, readonly Skill[]>>): Partial<Client> {
  const tools = [
    { exposed: "git__read", server: "git", tool: "read", pin: digest, effect: "read" },
  ];
  return {
    listBundles: async ({ agent }) =>
      ok({
        bundles: Object.keys(agents)
          .filter((name) => agent === undefined || name === agent)
          .map((name) => ({ agent: name, description: "", digest, problem: null })),
      }),
    buildBundle: async ({ body }) => {
      const { agent } = JSON.parse(body) as { agent: string };
      return ok({ digest, bundle: { agent, tools, skills: agents[agent]! } } as unknown as Bundle);
    },
  };
}

const wishes = ["Bash(git:*)", "Read", "e\u202evil"];
const client = openClient({
  travel: [toSkill("packing", { wishes }), toSkill("booking", { description: "x".repeat(90) })],
  clerk: [],
});

test("ls shows what the skills of each agent cost, by a named estimate, against a window", async () => {
  const shown = await call("skills ls --window 10000", { client });
  expect(shown.code, shown.err).toBe(0);
  expect(shown.out).toMatch(
    /^travel: 2 skills, some \d+ tokens at every turn, 1\.\d % of 10000 tokens\n/,
  );
  expect(shown.out).toMatch(
    /packing {2}sha256:abababababab {2}2 files {2}1001 tokens when read {2}Does/,
  );
  expect(shown.out).toContain("Tokens are estimated as utf8-bytes/4.");
  expect(shown.out).not.toContain("clerk");
  const { agents } = (await call("skills ls --json", { client })).json() as { agents: object[] };
  expect(agents).toMatchObject([
    {
      agent: "travel",
      tokens: { estimate: "utf8-bytes/4" },
      skills: [{ files: 2, tokens: 1_001 }, {}],
    },
    { agent: "clerk", tokens: { listed: 0 }, skills: [] },
  ]);
  expect((await call("skills ls --agent clerk", { client })).out).toContain("No agent has skills");
  for (const window of ["0", "x", "1.5"])
    expect((await call(`skills ls --window ${window}`, { client })).code).toBe(2);
});

test("show compares what a skill asks for with what its agent may call", async () => {
  const shown = await call("skills show packing", { client });
  expect(shown.code).toBe(0);
  expect(shown.out).toContain("of travel");
  expect(shown.out).toContain("scripts/a.py");
  expect(shown.out).toContain("It asks for these tools. Nothing is granted by that:");
  expect(shown.out).toMatch(/Bash\(git:\*\) +the agent has no such tool/);
  expect(shown.out).toMatch(/Read +the agent has git__read \(read\), which policy decides on/);
  expect(shown.out).not.toContain("\u202e");
  expect((await call("skills show booking", { client })).out).not.toContain("asks for");
  const missing = await call("skills show pakcing", { client });
  expect([missing.code, missing.err]).toEqual([
    3,
    expect.stringContaining("Did you mean packing?"),
  ]);
  const json = (await call("skills show packing --json", { client })).json();
  expect(json).toMatchObject({ skills: [{ agent: "travel", name: "packing", wishes }] });
});

const finding = (grade: SkillFinding["grade"], message: string): SkillFinding => {
  const place = { file: "s/a\u001b/SKILL.md", line: 3, column: 7, key: "name" };
  return { grade, ...place, message, suggestion: "pay" };
};
const lint = (line: string, lintSkills: LintedSkills) => call(line, { lintSkills });

test("lint says each finding with its place and fails where one is an error", async () => {
  const skills = [toSkill("packing")] as unknown as LintedSkills["skills"];
  const warned = await lint("skills lint s", { skills, findings: [finding("warning", "is odd")] });
  expect(warned).toMatchObject({ code: 0 });
  expect(warned.out).toBe(
    "s/a⟦U+001B ESCAPE⟧/SKILL.md:3:7: warning: name is odd. Try: pay\n1 skill can be loaded, 0 errors, 1 warning.\n",
  );
  const wrong = { skills: [], findings: [finding("error", "is wrong")] };
  const failed = await lint("skills lint s", wrong);
  expect(failed.code).toBe(2);
  expect(failed.out).toMatch(
    /SKILL\.md:3:7: name is wrong\. Try: pay\n0 skills can be loaded, 1 error,/,
  );
  const json = await lint("skills lint s --json", wrong);
  expect([json.code, json.json()]).toMatchObject([2, { folder: "s", ok: false, ...wrong }]);
});
