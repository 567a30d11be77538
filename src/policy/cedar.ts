import {
  isAuthorized,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  schemaToText,
  statefulIsAuthorized,
  validate,
  type CedarValueJson,
  type DetailedError,
  type EntityJson,
  type PolicyJson,
  type SchemaJson,
  type TypeAndId,
} from "@cedar-policy/cedar-wasm/nodejs";
import { Fault } from "../model/index.ts";

/** The language itself: everything that is asked of Cedar is asked here. */
export type CedarValue = CedarValueJson;
export type CedarEntity = EntityJson;
export type CedarPolicy = PolicyJson;
export type CedarSchema = SchemaJson<string>;
export type EntityId = TypeAndId;

export interface CedarProblem {
  readonly message: string;
  /** UTF-16 offset into the text, where one is known. */
  readonly offset: number | null;
}

export type SplitText =
  | { readonly kind: "split"; readonly rules: readonly string[]; readonly templates: number }
  | { readonly kind: "refused"; readonly problems: readonly CedarProblem[] };

/** A text of policies as the text of each, in the order in which they stand. */
export function splitPolicies(text: string): SplitText {
  const answer = policySetTextToParts(text);
  if (answer.type === "failure")
    return { kind: "refused", problems: answer.errors.map((error) => toProblem(error, text)) };
  const { policies, policy_templates: templates } = answer;
  return { kind: "split", rules: inOrder(text, policies), templates: templates.length };
}

/** Cedar gives them sorted by a generated name; each is a part of the text as it stands. */
function inOrder(text: string, parts: readonly string[]): readonly string[] {
  const next = new Map<string, number>();
  const placed = parts.map((part) => {
    const at = text.indexOf(part, next.get(part) ?? 0);
    next.set(part, at + part.length);
    return { part, at };
  });
  return placed.toSorted((one, other) => one.at - other.at).map(({ part }) => part);
}

export function parsePolicy(text: string): CedarPolicy {
  const answer = policyToJson(text);
  if (answer.type === "success") return answer.json;
  throw new Error(`Cedar reads its own part as something else: ${answer.errors[0]?.message}`);
}

export interface SchemaFinding extends CedarProblem {
  readonly rule: string;
  readonly severity: "error" | "warning";
}

/** What the type checker says of each rule; strict. */
export function validatePolicies(
  schema: CedarSchema,
  rules: ReadonlyMap<string, string>,
): readonly SchemaFinding[] {
  const answer = validate({
    schema,
    policies: { staticPolicies: Object.fromEntries(rules) },
    validationSettings: { mode: "strict" },
  });
  if (answer.type === "failure")
    throw new Error(`a schema of ours is none to Cedar: ${answer.errors[0]?.message}`);
  const { validationErrors, validationWarnings } = answer;
  const toFinding =
    (severity: SchemaFinding["severity"]) =>
    ({ policyId, error }: (typeof validationErrors)[number]): SchemaFinding => ({
      rule: policyId,
      severity,
      ...toProblem(error, rules.get(policyId) ?? ""),
      message: withHelp(error).replace(`for policy \`${policyId}\`, `, ""),
    });
  return [
    ...validationErrors.map(toFinding("error")),
    ...validationWarnings.map(toFinding("warning")),
  ];
}

function toProblem(error: DetailedError, text: string): CedarProblem {
  const start = error.sourceLocations?.[0]?.start;
  const message = withHelp(error);
  if (start === undefined) return { message, offset: null };
  // Cedar counts bytes of UTF-8.
  return { message, offset: Buffer.from(text).subarray(0, start).toString().length };
}

function withHelp({ message, help }: DetailedError): string {
  return help === null ? message : `${message} (${help})`;
}

/** A schema as people write it. */
export function toSchemaText(schema: CedarSchema): string {
  const answer = schemaToText(schema);
  if (answer.type === "success") return answer.text;
  throw new Error(`a schema of ours is none to Cedar: ${answer.errors[0]?.message}`);
}

/** Whether the head and the conditions of one policy hold, be it a permit or a forbid. */
export function holds(policy: CedarPolicy, request: CedarRequest): "yes" | "no" | "error" {
  const answer = isAuthorized({
    ...request,
    entities: [...request.entities],
    policies: { staticPolicies: { asked: { ...policy, effect: "permit" } } },
  });
  if (answer.type === "failure") return "error";
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) return "error";
  return decision === "allow" ? "yes" : "no";
}

/** What one evaluation says; `errors` names the rules that could not be evaluated. */
export interface Evaluation {
  readonly allows: boolean;
  /** The rules that decided: of a no, the forbids that applied; none where no rule allows it. */
  readonly reason: readonly string[];
  readonly errors: readonly { readonly rule: string; readonly message: string }[];
}

export interface CedarRequest {
  readonly principal: EntityId;
  readonly action: EntityId;
  readonly resource: EntityId;
  readonly context: Readonly<Record<string, CedarValue>>;
  readonly entities: readonly CedarEntity[];
}

/** A set of policies, parsed once. */
export interface PreparedSet {
  evaluate(request: CedarRequest): Evaluation;
  /** Gives its room back; asking it after that is a bug. */
  close(): void;
}

/**
 * Cedar keeps what it has parsed under a name and never forgets a name: names are used again, so
 * that a process which takes a thousand revisions holds the sets of two.
 */
const freeNames: string[] = [];
let madeNames = 0;

export function prepareSet(rules: ReadonlyMap<string, string>): PreparedSet {
  const name = freeNames.pop() ?? `set-${(madeNames += 1)}`;
  keepUnder(name, rules);
  let closed = false;
  return {
    evaluate(request) {
      if (closed) throw new Fault("draining", "The policies that this call began under are gone.");
      return evaluate(name, request);
    },
    close() {
      if (closed) return;
      closed = true;
      keepUnder(name, new Map());
      freeNames.push(name);
    },
  };
}

function keepUnder(name: string, rules: ReadonlyMap<string, string>): void {
  const answer = preparsePolicySet(name, { staticPolicies: Object.fromEntries(rules) });
  if (answer.type === "failure")
    throw new Error(`rules that were parsed are not parsed again: ${answer.errors[0]?.message}`);
}

function evaluate(preparsedPolicySetId: string, request: CedarRequest): Evaluation {
  const answer = statefulIsAuthorized({
    ...request,
    entities: [...request.entities],
    preparsedPolicySetId,
  });
  if (answer.type === "failure") {
    const errors = answer.errors.map(({ message }) => ({ rule: "request", message }));
    return { allows: false, reason: [], errors };
  }
  const { decision, diagnostics } = answer.response;
  return {
    allows: decision === "allow",
    reason: diagnostics.reason,
    errors: diagnostics.errors.map(({ policyId, error }) => ({
      rule: policyId,
      message: error.message,
    })),
  };
}
