import { outcomeKey } from "../mcp/own-outcome.ts";
import type { RunId, TenantId } from "../model/index.ts";
import type { RunDesk, RunReport } from "../ports/run-desk.ts";
import type { Denial } from "../sight/explain-execution.ts";
import { explainRun } from "../sight/explain-run.ts";
import { mostEvents, readRunLog } from "../sight/read-trace.ts";
import { mostListed, toShownExplanation } from "./show-explanation.ts";

export interface ExplainAsked {
  readonly tenant: TenantId;
  readonly report: RunReport;
  /** Whoever asks may see the texts of the run, where the rules of denials are named. */
  readonly isReadable: boolean;
}

export async function explain(runs: RunDesk, { tenant, report, isReadable }: ExplainAsked) {
  const { run } = report;
  const events = await readRunLog({ runs }, { tenant, run, most: mostEvents });
  const explanation = explainRun(run, events);
  const { denials } = explanation.execution;
  const rules = isReadable
    ? await readRules(runs, { tenant, run }, denials.slice(-mostListed))
    : new Map<string, string>();
  const isCut = report.head > explanation.head;
  return toShownExplanation({ explanation, report, isCut, rules });
}

async function readRules(
  runs: Pick<RunDesk, "content">,
  { tenant, run }: { readonly tenant: TenantId; readonly run: RunId },
  denials: readonly Denial[],
): Promise<ReadonlyMap<string, string>> {
  const rules = new Map<string, string>();
  // One after the other: each may be a long text.
  for (const { result } of denials) {
    if (rules.has(result)) continue;
    const rule = toRule(await runs.content(tenant, run, result));
    if (rule !== null) rules.set(result, rule);
  }
  return rules;
}

interface Said {
  readonly raw?: string | null;
  readonly _meta?: Readonly<Record<string, { readonly rule?: unknown } | undefined>>;
}

/** As the gate said it, in the words of the result that the run keeps. */
function toRule(content: string | null): string | null {
  const raw = content === null ? null : parse(content)?.raw;
  const outcome = typeof raw === "string" ? parse(raw)?._meta?.[outcomeKey] : undefined;
  return typeof outcome?.rule === "string" ? outcome.rule : null;
}

function parse(text: string): Said | null {
  try {
    return JSON.parse(text) as Said | null;
  } catch {
    return null;
  }
}
