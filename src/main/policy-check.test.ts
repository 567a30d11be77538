import { expect, test } from "vitest";
import { configSchema } from "../model/config.ts";
import type { TenantId } from "../model/index.ts";
import { createInMemoryPins } from "../ports/in-memory-rows.ts";
import { createPolicyCheck } from "./policy-check.ts";

function check(rule: string) {
  const config = configSchema.parse({
    version: 1,
    models: {
      backends: { m: { kind: "openai", url: "https://models.example/v1", model: "x" } },
      routes: { m: [[{ backend: "m" }]] },
    },
    agents: { clerk: { description: "Pays.", model: "m", instructions: "Pay." } },
    policy: { rules: { own: `@id("own") forbid (principal, ${rule};` } },
  });
  return createPolicyCheck({ pins: createInMemoryPins(), tenant: "default" as TenantId })(config);
}

test("rules name an agent as any tool, and are checked against what it takes", async () => {
  const when = (condition: string) =>
    `action == Action::"agents__clerk", resource) when { ${condition} }`;
  expect(await check(when('context.args.task like "*all*"'))).toEqual([]);
  expect(await check(when('context.args.tusk == "x"'))).toMatchObject([
    { message: expect.stringContaining("tusk") },
  ]);
  expect(await check('action == Action::"agents__clark", resource)')).toMatchObject([
    { message: expect.stringContaining("agents__clark") },
  ]);
});
