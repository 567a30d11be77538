import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { toSkill, writeFiles } from "../skills/write-skills.ts";
import { createHome } from "./home.ts";

// Each command is a process of its own, beside a server and its database.
vi.setConfig({ testTimeout: 180_000 });

const toDocument = (skills: string) => `version: 1
models:
  backends:
    demo: { kind: scripted, script: demo.yaml, prices: { input: "1", output: "1" } }
  routes:
    demo: [[{ backend: demo }]]
agents:
  packer:
    description: Packs.
    model: demo
    instructions: You pack.
    tools: []
    waits: true
    skills: [${skills}]
  clerk:
    description: Has a skill of its own.
    model: demo
    instructions: You file.
    tools: []
    skills: [private]
`;

const script = `name: demo
turns:
  - when: { last: user, contains: Pack }
    calls: [{ tool: run__read_skill, args: { skill: packing } }]
  - when: { last: user, contains: Peek }
    calls: [{ tool: run__read_skill, args: { skill: packing, path: ../../private/filing/SKILL.md } }, { tool: run__read_skill, args: { skill: filing } }]
  - when: { last: tool, contains: "read the list of bags" }
    calls: [{ tool: run__wait_for_signal, args: { seconds: 600, name: go } }]
  - when: { last: user, contains: "Signal go" }
    calls: [{ tool: run__read_skill, args: { skill: packing, path: references/bags.md } }]
  - when: { last: tool, contains: "One bag" }
    say: One bag it is.
  - when: { last: tool, contains: "Two bags" }
    say: Two bags it is.
  - say: Nothing was read.
`;

interface RunJson {
  readonly id: string;
  readonly state: string;
  readonly output: string | null;
  readonly bundle: string;
}
interface Event {
  readonly type: string;
  readonly path?: string;
  readonly digest?: string;
}

test("I7: a run reads the skills that it began with, though the folder changed and is gone; another's it never reads", async () => {
  const home = createHome();
  const { directory } = home;
  const write = (skills: string) =>
    writeFileSync(path.join(directory, "countersign.yaml"), toDocument(skills));
  writeFileSync(path.join(directory, "demo.yaml"), script);
  writeFiles(directory, {
    "skills/packing/SKILL.md": toSkill("packing", "First read the list of bags.", [
      "allowed-tools: Bash(rm:*)",
    ]),
    "skills/packing/references/bags.md": "One bag.\n",
    "private/filing/SKILL.md": toSkill("filing", "canary"),
  });
  write("skills");
  const linted = await home.run("skills", "lint", "skills");
  expect(linted).toMatchObject({ code: 0 });
  expect(linted.out).toMatch(
    /allowed-tools grants nothing here.*\n1 skill can be loaded, 0 errors, 1 warning\.\n/,
  );

  let up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const show = async (id: string) =>
    JSON.parse((await home.run("runs", "show", id, "--json")).out) as RunJson;
  async function until(id: string, state: string): Promise<RunJson> {
    for (let tries = 0; tries < 100; tries += 1) {
      const run = await show(id);
      if (run.state === state) return run;
      await systemClock.sleep(50);
    }
    throw new Error(`run ${id} does not become ${state}: ${(await show(id)).state}`);
  }
  const start = async (agent: string, input: string) =>
    (JSON.parse((await home.run("run", agent, input, "--json")).out) as RunJson).id;

  const listed = await home.run("skills", "ls", "--window", "8000");
  expect(listed.out).toMatch(
    /packer: 1 skill, some \d+ tokens at every turn, \d\.\d % of 8000 tokens/,
  );
  const shown = await home.run("skills", "show", "packing");
  expect(shown.out).toMatch(/Bash\(rm:\*\) +the agent has no such tool/);

  const peeking = await until(await start("packer", "Peek."), "completed");
  expect(peeking.output).toBe("Nothing was read.");
  const old = await start("packer", "Pack.");
  const { bundle } = await until(old, "waiting");

  // A wrong folder is refused whole, where it is named, and what served goes on.
  writeFiles(directory, { "skills/packing/references/bags.md": "Two bags.\n" });
  writeFiles(directory, { "skills/bad/SKILL.md": toSkill("bad", "Pay \u202enow.") });
  const refused = await home.run("apply");
  expect(refused.code).toBe(2);
  expect(refused.err).toMatch(
    /agents\.packer\.skills\[0\] cannot be loaded: skills\/bad\/SKILL\.md:6:5/,
  );
  rmSync(path.join(directory, "skills/bad"), { recursive: true });
  expect(await home.run("apply")).toMatchObject({ code: 0 });
  const diff = await home.run("bundle", "diff", bundle, "packer");
  expect(diff.out).toMatch(
    /^ {2}skill packing: digest sha256:.* file references\/bags\.md digest sha256:/,
  );

  const next = await start("packer", "Pack.");
  await until(next, "waiting");
  // Gone from the disk, and the process with what it had read.
  rmSync(path.join(directory, "skills"), { recursive: true });
  write("private");
  up.kill("SIGTERM");
  expect(await up.ended).toBe(0);
  up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  for (const [id, said] of [
    [old, "One bag it is."],
    [next, "Two bags it is."],
  ] as const) {
    expect(await home.run("runs", "signal", id, "go", "now")).toMatchObject({ code: 0 });
    expect((await until(id, "completed")).output).toBe(said);
  }
  const logged = await home.run("runs", "logs", old, "--json");
  const events = logged.out
    .trim()
    .split("\n")
    .flatMap((line) => (JSON.parse(line) as { event?: Event }).event ?? []);
  expect(events.filter(({ type }) => type === "skill.read").map((event) => event.path)).toEqual([
    "SKILL.md",
    "references/bags.md",
  ]);
  expect(logged.out).not.toContain("canary");
});
