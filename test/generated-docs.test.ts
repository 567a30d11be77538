import { expect, test } from "vitest";
import { approvalStates } from "../src/model/approval-states.ts";
import { breakerStates } from "../src/model/breaker-states.ts";
import { faults, type FaultEntry } from "../src/model/faults.ts";
import { rolloutStates } from "../src/model/rollout-states.ts";
import { runStates } from "../src/model/run-states.ts";
import { toMermaid } from "../src/model/state-table.ts";

// Written from the tables that run; renewed with `npx vitest run test/generated-docs.test.ts -u`.

test("docs/states.md draws the state tables", async () => {
  const tables = [runStates, approvalStates, rolloutStates, breakerStates];
  const diagrams = tables.map(
    (table) => `## ${table.name}\n\n\`\`\`mermaid\n${toMermaid(table)}\`\`\`\n`,
  );
  const page = `# States\n\nDrawn from the tables in \`src/model/\` by a test.\n\n${diagrams.join("\n")}`;
  await expect(page).toMatchFileSnapshot("../docs/states.md");
});

test("faults are well formed", () => {
  for (const [code, { status, rpc, exit, hint }] of Object.entries<FaultEntry>(faults)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(rpc).toBeLessThan(0);
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 75]).toContain(exit);
    expect(hint).toMatch(/\.$/);
  }
});
