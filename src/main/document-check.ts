import { createParameterCheck } from "./parameter-check.ts";
import { createPolicyCheck, type PolicyCheckOptions } from "./policy-check.ts";
import type { CheckConfig } from "./read-document.ts";

/** What a document says of tools, against those that are pinned. */
export function createDocumentCheck(options: PolicyCheckOptions): CheckConfig {
  const checks = [createPolicyCheck(options), createParameterCheck(options)];
  return async (config) => (await Promise.all(checks.map((check) => check(config)))).flat();
}
