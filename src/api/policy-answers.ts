import { z } from "zod";
import { Fault } from "../model/index.ts";
import {
  askerSchema,
  policyQuestionSchema,
  type AskerOfCase,
  type PolicyCase,
} from "../model/policy-case.ts";
import type { Problem } from "../model/problem.ts";
import { askScene, toPrincipal, unknown } from "../policy/ask-scene.ts";
import { findBlastRadius, type BlastQuestion, type BlastTool } from "../policy/blast-radius.ts";
import { runCases, type CaseResult } from "../policy/cases.ts";
import { explain, type Explanation } from "../policy/explain.ts";
import type { Scene } from "../policy/scene.ts";
import type { Clock } from "../ports/clock.ts";
import type { Answer, Answers } from "./contract.ts";
import { parseBody } from "./parse-body.ts";
import type { routes } from "./routes.ts";

/** Rules where they can be asked: those of a document, or those that serve. */
export interface PolicyDesk {
  /** Null: what is serving. A document is refused as `plan` refuses it. */
  open(document: string | null): Promise<OpenedScene>;
  check(document: string | null): Promise<CheckedPolicy>;
  readCases(text: string): ReadCases;
  /** Of the pinned tools, as people write it. */
  schemaText(): Promise<string>;
}

export type OpenedScene = { readonly kind: "open"; readonly scene: Scene } | Invalid;
export type ReadCases =
  | {
      readonly kind: "valid";
      readonly cases: readonly { readonly line: number; readonly wanted: PolicyCase }[];
    }
  | Invalid;
interface Invalid {
  readonly kind: "invalid";
  readonly problems: readonly Problem[];
}
export interface CheckedPolicy {
  readonly rules: number;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface PolicyAnswersOptions {
  readonly policy: PolicyDesk;
  readonly clock: Clock;
}

type PolicyRoutes = Pick<
  typeof routes,
  "checkPolicy" | "testPolicy" | "explainPolicy" | "findBlastRadius" | "getPolicySchema"
>;

const documentField = z.string().nullable().prefault(null);
const checking = z.strictObject({ document: documentField });
const testing = z.strictObject({ document: documentField, cases: z.string() });
const explaining = z.strictObject({ document: documentField, question: policyQuestionSchema });
const blasting = z.strictObject({
  document: documentField,
  as: askerSchema.optional(),
  agent: z.string().min(1).max(256).optional(),
  tenant: askerSchema.shape.tenant,
  toolset: z.string().max(64).nullable().prefault(null),
});

export function createPolicyAnswers({
  policy,
  clock,
}: PolicyAnswersOptions): Answers<PolicyRoutes> {
  /** Whatever becomes of it, the scene is closed. */
  async function inScene<Result>(
    document: string | null,
    ask: (scene: Scene) => Result | Promise<Result>,
  ): Promise<Result> {
    const opened = await policy.open(document);
    if (opened.kind === "invalid") throw toInvalid("document", opened.problems);
    try {
      return await ask(opened.scene);
    } finally {
      opened.scene.close();
    }
  }

  const pause = (): Promise<void> => clock.sleep(0);

  return {
    checkPolicy: async ({ body }) => {
      const checked = await policy.check(parseBody(checking, body).document);
      const [problems, warnings] = [[...checked.problems], [...checked.warnings]];
      const ok = problems.length === 0;
      return { status: 200, body: { ok, rules: checked.rules, problems, warnings } };
    },
    testPolicy: async ({ body }) => {
      const { document, cases: text } = parseBody(testing, body);
      const read = policy.readCases(text);
      if (read.kind === "invalid") throw toInvalid("cases", read.problems);
      const wanted = read.cases.map((each) => each.wanted);
      const results = await inScene(document, (scene) => runCases(scene, wanted, pause));
      const cases = results.map((each, index) => toCase(each, read.cases[index]!.line));
      return { status: 200, body: { ...countOutcomes(cases), cases } };
    },
    explainPolicy: async ({ body }) => {
      const { document, question } = parseBody(explaining, body);
      const explained = await inScene(document, (scene) => {
        const asked = askScene(scene, question, clock.nowMs());
        if (asked.kind === "wrong")
          throw new Fault("request_invalid", `The question is none: ${asked.problems.join("; ")}`);
        return explain(scene, asked.target, asked.facts);
      });
      return { status: 200, body: toExplanation(explained) };
    },
    findBlastRadius: async ({ body }) => {
      const { document, ...who } = parseBody(blasting, body);
      const { summary, tools, unseen } = await inScene(document, (scene) =>
        findBlastRadius(scene, toBlastQuestion(scene, who), pause),
      );
      return { status: 200, body: { summary, unseen: [...unseen], tools: tools.map(toBlastTool) } };
    },
    getPolicySchema: async () => {
      const text = await policy.schemaText();
      return { status: 200, body: text, contentType: "text/plain; charset=utf-8" };
    },
  };
}

interface Who {
  readonly as?: AskerOfCase | undefined;
  readonly agent?: string | undefined;
  readonly tenant: AskerOfCase["tenant"];
  readonly toolset: string | null;
}

function toBlastQuestion(scene: Scene, { as, agent, tenant, toolset }: Who): BlastQuestion {
  if (as === undefined && agent === undefined && toolset === null)
    throw new Fault("request_invalid", "Say whose: as, agent or toolset.");
  if (toolset !== null && !scene.toolsets.has(toolset))
    throw new Fault("not_found", unknown("toolset", toolset, [...scene.toolsets.keys()]));
  const acting = agent ?? as?.agent;
  // Whoever it acts for: the subject's own rights are not asked.
  const subject: AskerOfCase = as ?? { subject: "-", kind: "service", tenant, roles: [] };
  return {
    principal: as === undefined ? null : toPrincipal({ ...as, agent: acting }),
    roles: as?.roles ?? [],
    agent: acting === undefined ? null : toPrincipal({ ...subject, agent: acting }),
    isBundleKnown: as?.bundle !== undefined,
    toolset,
  };
}

function toInvalid(of: "document" | "cases", problems: readonly Problem[]): Fault {
  const count = problems.length === 1 ? "one thing is" : `${problems.length} things are`;
  const subject = of === "document" ? "The document is" : "The cases are";
  return new Fault("config_invalid", `${subject} refused: ${count} wrong.`, {
    details: { of, problems },
  });
}

function toCase(result: CaseResult, line: number) {
  const { came, problems } = result;
  return {
    ...result,
    line,
    problems: [...problems],
    came: came === null ? null : { ...came, ...copyLists(came) },
  };
}

function countOutcomes(cases: readonly Pick<CaseResult, "outcome">[]) {
  const count = (outcome: CaseResult["outcome"]): number =>
    cases.filter((each) => each.outcome === outcome).length;
  return { passed: count("passed"), failed: count("failed"), wrong: count("wrong") };
}

function copyLists({ rules, approvers, obligations }: Lists) {
  return { rules: [...rules], approvers: [...approvers], obligations: [...obligations] };
}
type Lists = Readonly<Record<"rules" | "approvers" | "obligations", readonly string[]>>;

function toExplanation(explained: Explanation): Answer<PolicyRoutes["explainPolicy"]>["body"] {
  const { decision, target, slice, rules, context, kept, keptWhy } = explained;
  const { kind, policy, reasons } = decision;
  const { id, action, server, effect, outward } = target;
  return {
    decision: {
      kind,
      policy,
      reasons: [...reasons],
      obligations: decision.kind === "deny" ? [] : [...decision.obligations],
      approvers: decision.kind === "ask" ? [...decision.approvers] : [],
    },
    target: { kind: target.kind, id, action, server, effect, outward },
    slice,
    rules: rules.map((rule) => ({
      ...rule,
      applied: [...rule.applied],
      reads: [...rule.reads],
    })),
    context: context === null ? null : { ...context },
    kept,
    keptWhy,
  };
}

function toBlastTool(tool: BlastTool) {
  const { possible, on, rules, credentials } = tool;
  const lists = { possible: [...possible], on: [...on], rules: [...rules] };
  return { ...tool, ...lists, credentials: [...credentials] };
}
