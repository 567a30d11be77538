import { approvalStates } from "../../src/model/approval-states.ts";
import { breakerStates } from "../../src/model/breaker-states.ts";
import { callStates } from "../../src/model/call-states.ts";
import { rolloutStates } from "../../src/model/rollout-states.ts";
import { runStates } from "../../src/model/run-states.ts";
import { toMermaid } from "../../src/model/state-table.ts";

/** The diagrams of ARCHITECTURE.md, from the tables that run. */
export function renderLifecycles(): string {
  const tables = [runStates, approvalStates, callStates, rolloutStates, breakerStates];
  return tables
    .map((table) => `\n### ${toTitle(table.name)}\n\n\`\`\`mermaid\n${toMermaid(table)}\`\`\`\n`)
    .join("");
}

function toTitle(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
