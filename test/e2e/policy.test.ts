import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { createHome } from "./home.ts";

const fixture = path.join(import.meta.dirname, "../mcp/fixture-stdio.ts");

const cases = `cases:
  - name: what was called a read passes
    as: { subject: admin, kind: service }
    tool: first__echo
    args: { text: hi }
    expect: allow
    rule: starter/reads
  - name: everything else is asked for
    as: { subject: admin, kind: service }
    tool: first__counts
    expect: ask
    approvers: [role:approver]
`;

/** The path of docs/policy.md. */
test("what the command line says of rules is what the gate does", async () => {
  const home = createHome();
  await home.run("init", "--yes");
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const program = ["--no-sandbox", "--reads", "echo", "--", process.execPath, fixture, "legacy"];
  expect((await home.run("servers", "add", "first", ...program)).code).toBe(0);

  expect(await home.run("policy", "check")).toMatchObject({ code: 0 });
  writeFileSync(path.join(home.directory, "policy.cases.yaml"), cases);
  const tested = await home.run("policy", "test");
  expect([tested.code, tested.out]).toEqual([0, "2 passed, 0 failed, 0 wrong.\n"]);

  const who = ["--as", "admin", "--kind", "service"];
  const explained = await home.run("policy", "explain", "first__counts", ...who, "--json");
  const { decision } = JSON.parse(explained.out) as { decision: { kind: string } };
  expect(decision.kind).toBe("ask");
  expect((await home.run("tools", "call", "first__counts")).code).toBe(6);

  const radius = await home.run("blast-radius", ...who, "--json");
  const { tools } = JSON.parse(radius.out) as {
    tools: readonly { readonly tool: string; readonly decision: string }[];
  };
  expect(tools[0]).toMatchObject({ tool: "first__echo", decision: "allow" });
  expect(tools.filter((each) => each.decision === "allow")).toHaveLength(1);
  expect((await home.run("tools", "call", "first__echo", '{"text":"hi"}')).code).toBe(0);

  const schema = await home.run("policy", "schema");
  expect(schema.out).toContain('action "first__echo" in');
}, 60_000);
