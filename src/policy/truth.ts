import { holds, type CedarPolicy, type CedarRequest } from "./cedar.ts";
import { toMentionedPaths, type ContextPath } from "./mentioned-paths.ts";

/** Whether something holds, as far as it can be told without what is not known yet. */
export type Truth =
  | { readonly is: "yes" }
  | { readonly is: "no" }
  /** It depends on these: `args.amount`, `labels`, `principal`. */
  | { readonly is: "depends"; readonly on: readonly string[] };

export const yes: Truth = { is: "yes" };
export const no: Truth = { is: "no" };

export interface KnownFacts {
  /** What is certain, asked of Cedar. */
  readonly request: CedarRequest;
  readonly isKnown: (path: ContextPath) => boolean;
  /** Null: nobody in particular asks. */
  readonly isPrincipalKnown: boolean;
  /** Attributes of the principal that are not known. */
  readonly unknownAttributes: readonly string[];
  /** What Cedar said of this principal before: most of it is the same for every target. */
  readonly memo: Map<string, Truth>;
}

/**
 * Whether a policy applies. Never says `no` where it might: what cannot be told is `depends`. What
 * cannot be evaluated is, too, though the gate takes that for a no.
 */
export function weighPolicy(policy: CedarPolicy, known: KnownFacts): Truth {
  const { principal, conditions } = policy;
  const clauses = conditions.map(({ kind, body }) => {
    const truth = weigh(body, known);
    return kind === "when" ? truth : not(truth);
  });
  return clauses.reduce(and, weighHead(principal, known));
}

/** The action and the resource were looked at when the slice was cut. */
function weighHead(principal: CedarPolicy["principal"], known: KnownFacts): Truth {
  if (principal.op === "All") return yes;
  if (!known.isPrincipalKnown) return { is: "depends", on: ["principal"] };
  return ask({ ...anything, principal }, known);
}

const all = { op: "All" } as const;
const anything: CedarPolicy = {
  effect: "permit",
  principal: all,
  action: all,
  resource: all,
  conditions: [],
};

type Node = Readonly<Record<string, unknown>>;
interface Pair {
  readonly left: unknown;
  readonly right: unknown;
}

/** Logic is followed; what lies below it is asked of Cedar whole, or depends on what it reads. */
function weigh(node: unknown, known: KnownFacts): Truth {
  if (!isNode(node)) return { is: "depends", on: ["context"] };
  if ("&&" in node) {
    const { left, right } = node["&&"] as Pair;
    return and(weigh(left, known), weigh(right, known));
  }
  if ("||" in node) {
    const { left, right } = node["||"] as Pair;
    return not(and(not(weigh(left, known)), not(weigh(right, known))));
  }
  if ("!" in node) return not(weigh((node["!"] as { readonly arg: unknown }).arg, known));
  if ("if-then-else" in node) return weighChoice(node["if-then-else"] as Node, known);
  const on = toUnknown(node, known);
  return on.length > 0 ? { is: "depends", on } : ask(toCondition(node), known);
}

function weighChoice(choice: Node, known: KnownFacts): Truth {
  const condition = weigh(choice["if"], known);
  const [then, otherwise] = [weigh(choice["then"], known), weigh(choice["else"], known)];
  if (condition.is === "yes") return then;
  if (condition.is === "no") return otherwise;
  if (then.is === otherwise.is && then.is !== "depends") return then;
  return { is: "depends", on: distinct([condition, then, otherwise].flatMap(onOf)) };
}

function toUnknown(node: Node, known: KnownFacts): readonly string[] {
  const paths = toMentionedPaths(node).filter((path) => !known.isKnown(path));
  const text = JSON.stringify(node);
  const principal = !known.isPrincipalKnown && text.includes('"Var":"principal"');
  const attributes = known.unknownAttributes.filter((name) => text.includes(JSON.stringify(name)));
  return distinct([
    ...paths.map((path) => (path.length === 0 ? "context" : path.join("."))),
    ...(principal ? ["principal"] : []),
    ...attributes.map((name) => `principal.${name}`),
  ]);
}

function toCondition(body: Node): CedarPolicy {
  // Cedar's own form of an expression, as it came from Cedar.
  return { ...anything, conditions: [{ kind: "when", body: body as never }] };
}

function ask(policy: CedarPolicy, { request, memo }: KnownFacts): Truth {
  const text = JSON.stringify(policy);
  const { action, resource, context } = request;
  const reads = (name: string): boolean => text.includes(`"Var":"${name}"`);
  const about = reads("resource") || reads("action") ? JSON.stringify([action, resource]) : "";
  const key = `${text}\n${about}\n${reads("context") ? JSON.stringify(context) : ""}`;
  const known = memo.get(key);
  if (known !== undefined) return known;
  const truth = toTruth(holds(policy, request));
  memo.set(key, truth);
  return truth;
}

function toTruth(held: ReturnType<typeof holds>): Truth {
  if (held === "error") return { is: "depends", on: ["errors"] };
  return held === "yes" ? yes : no;
}

function and(one: Truth, other: Truth): Truth {
  if (one.is === "no" || other.is === "no") return no;
  if (one.is === "yes" && other.is === "yes") return yes;
  return { is: "depends", on: distinct([...onOf(one), ...onOf(other)]) };
}

function not(truth: Truth): Truth {
  if (truth.is === "depends") return truth;
  return truth.is === "yes" ? no : yes;
}

export function onOf(truth: Truth): readonly string[] {
  return truth.is === "depends" ? truth.on : [];
}

export function distinct(items: readonly string[]): readonly string[] {
  return [...new Set(items)];
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}
