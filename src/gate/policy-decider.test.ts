import { expect, test } from "vitest";
import { makeServer } from "../../test/made-up-call.ts";
import { read, tenant } from "../../test/policy/facts.ts";
import { createPolicySet } from "../policy/policy-set.ts";
import type { Question } from "../ports/decider.ts";
import { createPolicyDecider } from "./policy-decider.ts";

function ask(rules: string, more: Partial<Question>): string {
  const decider = createPolicyDecider(createPolicySet(read(rules)));
  return decider.decide({
    principal: { tenant, kind: "user", subject: "ada", actor: null },
    roles: [],
    toolset: "",
    server: makeServer("up"),
    tool: null,
    method: "prompts/get",
    kind: "Prompt",
    target: "greet",
    effect: "read",
    outward: false,
    args: {},
    labels: [],
    nowMs: 0,
    run: null,
    sandbox: null,
    approved: false,
    ...more,
  }).kind;
}

const all = "permit (principal, action, resource);\n";

test.each([
  [
    `forbid (principal, action == Action::"get_prompt", resource == Prompt::"up__greet");`,
    {},
    "deny",
  ],
  ["forbid (principal, action, resource is Prompt);", { target: "ops:reset" }, "deny"],
  ["forbid (principal, action, resource is Resource);", { target: "ops:reset" }, "allow"],
  [
    "forbid (principal, action, resource is Resource);",
    { method: "completion/complete", kind: "Resource", target: "{scheme}://x" },
    "deny",
  ],
  [
    `forbid (principal, action, resource == Resource::"up://x");`,
    { method: "resources/read", kind: "Resource", target: "up://x" },
    "deny",
  ],
] as const)(
  "what is asked for is what its method says, however it is spelled: %s",
  (rule, more, kind) => {
    expect(ask(all + rule, more)).toBe(kind);
  },
);
