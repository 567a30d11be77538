import { Fault, type Digest } from "../model/index.ts";
import type { Applied, Change, Configuration, Problem } from "../ports/configuration.ts";
import { compareRules, type RuleChange } from "../policy/compare-rules.ts";
import { createApprovalAnswers, type ApprovalAnswersOptions } from "./approval-answers.ts";
import { createBundleAnswers, type BundleAnswersOptions } from "./bundle-answers.ts";
import { createCallAnswers, type CallAnswersOptions } from "./call-answers.ts";
import type { Answer, Answers } from "./contract.ts";
import { createChatAnswers } from "./chat/chat-routes.ts";
import { createCostAnswers, type CostAnswersOptions } from "./cost-answers.ts";
import { createCredentialAnswers, type CredentialAnswersOptions } from "./credential-answers.ts";
import { toOpenApi } from "./openapi.ts";
import { createFreezeAnswers, type FreezeAnswersOptions } from "./freeze-answers.ts";
import { createLedgerAnswers, type LedgerAnswersOptions } from "./ledger-answers.ts";
import { createModelAnswers, type ModelAnswersOptions } from "./model-answers.ts";
import { createPasskeyAnswers, type PasskeyAnswersOptions } from "./passkey-answers.ts";
import { createPolicyAnswers, type PolicyAnswersOptions } from "./policy-answers.ts";
import type { Readiness } from "./readiness.ts";
import { routes } from "./routes.ts";
import { createRunAnswers, type RunAnswersOptions } from "./run-answers.ts";
import { createSandboxAnswers, type SandboxAnswersOptions } from "./sandbox-answers.ts";
import { createSecretAnswers, type SecretAnswersOptions } from "./secret-answers.ts";
import { createTokenAnswers, type TokenAnswersOptions } from "./token-answers.ts";
import { createToolAnswers, type ToolAnswersOptions } from "./tool-answers.ts";

export interface AnswersOptions
  extends
    TokenAnswersOptions,
    ToolAnswersOptions,
    SecretAnswersOptions,
    CredentialAnswersOptions,
    FreezeAnswersOptions,
    PasskeyAnswersOptions,
    ApprovalAnswersOptions,
    CallAnswersOptions,
    LedgerAnswersOptions,
    ModelAnswersOptions,
    BundleAnswersOptions,
    PolicyAnswersOptions,
    RunAnswersOptions,
    CostAnswersOptions,
    SandboxAnswersOptions {
  readonly version: string;
  readonly node: string;
  readonly configuration: Configuration;
  readonly readiness: Readiness;
  readonly isDraining: () => boolean;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What each route of the contract says. */
export function createAnswers(options: AnswersOptions): Answers<typeof routes> {
  const { configuration, version, node } = options;
  const openapi = toOpenApi(routes, version);
  return {
    getHealth: () => ({ status: 200, body: { status: "live" } }),
    getReady: () => readReadiness(options),
    getMetrics: async () => {
      const { contentType, text } = await options.metrics();
      return { status: 200, body: text, contentType };
    },
    getOpenapi: () => ({ status: 200, body: openapi }),
    getVersion: () => ({
      status: 200,
      body: { version, node, revision: configuration.current().digest },
    }),
    getHolder: ({ holder }) => {
      const { id, access, principal, approves } = holder!;
      const tenant = principal?.tenant ?? approves?.tenant ?? null;
      return { status: 200, body: { name: id, roles: [...access], tenant } };
    },
    getConfig: () => {
      const { digest, bytes, appliedAtMs } = configuration.current();
      const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
      const appliedAt = new Date(appliedAtMs).toISOString();
      return { status: 200, body: { digest, appliedAt, document }, etag: digest };
    },
    planConfig: async ({ body }) => {
      const plan = await configuration.plan(body);
      if (plan.kind === "invalid") throw toInvalid(plan.problems);
      const { digest, base, changes } = plan;
      const rules = [...toRuleChanges(changes)];
      return { status: 200, body: { digest, base, changes: [...changes], rules } };
    },
    applyConfig: async ({ body, headers }) =>
      toApplied(await configuration.apply(body, parseEtag(headers["if-match"]))),
    ...createToolAnswers(options),
    ...createSecretAnswers(options),
    ...createPolicyAnswers(options),
    ...createTokenAnswers(options),
    ...createApprovalAnswers(options),
    ...createCallAnswers(options),
    ...createCredentialAnswers(options),
    ...createFreezeAnswers(options),
    ...createPasskeyAnswers(options),
    ...createLedgerAnswers(options),
    ...createModelAnswers(options),
    ...createChatAnswers(),
    ...createRunAnswers(options),
    ...createCostAnswers(options),
    ...createBundleAnswers(options),
    ...createSandboxAnswers(options),
  };
}

async function readReadiness(
  options: AnswersOptions,
): Promise<Answer<(typeof routes)["getReady"]>> {
  const draining = options.isDraining();
  const serving = { name: "serving", ready: !draining, reason: draining ? "shutting down" : null };
  // A replica that goes away says so at once, whatever its store does.
  const checks = [serving, ...(draining ? [] : await options.readiness.read())];
  return checks.every(({ ready }) => ready)
    ? { status: 200, body: { status: "ready", checks } }
    : { status: 503, body: { status: "not ready", checks } };
}

const ruleKey = "policy.rules.";

/** The texts that differ, rule by rule. */
function toRuleChanges(changes: readonly Change[]): readonly RuleChange[] {
  const texts = changes.filter(({ key }) => key.startsWith(ruleKey));
  const toSources = (side: "before" | "after"): Readonly<Record<string, string>> =>
    Object.fromEntries(
      texts.flatMap((each) => {
        const text = each[side];
        return typeof text === "string" ? [[each.key.slice(ruleKey.length), text]] : [];
      }),
    );
  return compareRules(toSources("before"), toSources("after"));
}

function toApplied(applied: Applied): Answer<(typeof routes)["applyConfig"]> {
  switch (applied.kind) {
    case "applied":
    case "unchanged": {
      const { kind, digest } = applied;
      return { status: 200, body: { kind, digest }, etag: digest };
    }
    case "invalid":
      throw toInvalid(applied.problems);
    case "stale":
      throw new Fault("config_stale", "Another revision is serving by now.", {
        details: { current: applied.current },
      });
    case "unstartable":
      throw new Fault("config_unstartable", applied.reason, {
        details: { current: applied.current },
      });
  }
}

function toInvalid(problems: readonly Problem[]): Fault {
  const count = problems.length === 1 ? "one thing is" : `${problems.length} things are`;
  return new Fault("config_invalid", `The document is refused: ${count} wrong in it.`, {
    details: { problems },
  });
}

function parseEtag(etag: string): Digest {
  const digest = /^"(sha256:[0-9a-f]{64})"$/.exec(etag.trim())?.[1];
  if (digest === undefined) {
    throw new Fault("request_invalid", 'If-Match takes one revision, as in "sha256:…".');
  }
  return digest as Digest;
}
