import type { Client, Run } from "../client/client.ts";

type Wait = Run["waits"][number];
export type AskedWait = Wait & { readonly approval: string };

/** Sub-agents of sub-agents, and as many of them as somebody would look through. */
const mostRuns = 32;

/** What a person is asked for, by the run or by those that it waits for. */
export async function listAsked(client: Client, run: Run): Promise<readonly AskedWait[]> {
  const asked: AskedWait[] = [];
  const seen = new Set([run.id]);
  const left = [run];
  for (let each = left.shift(); each !== undefined; each = left.shift()) {
    for (const wait of each.waits) {
      if (isAsked(wait)) asked.push(wait);
      if (wait.run === null || seen.has(wait.run) || seen.size >= mostRuns) continue;
      seen.add(wait.run);
      left.push((await client.getRun({ id: wait.run })).body);
    }
  }
  return asked;
}

function isAsked(wait: Wait): wait is AskedWait {
  return wait.kind === "approval" && wait.approval !== null;
}
