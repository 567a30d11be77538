import type { Json } from "../lib/strict-json.ts";
import { isObject, type Params } from "../mcp/read-message.ts";
import { toCanonicalText } from "../model/index.ts";
import type { DriftGrade } from "../ports/registry.ts";
import type { Definition } from "./definition.ts";
import { findSuspicions } from "./suspicious.ts";

export interface Grade {
  readonly grade: DriftGrade;
  /** Worst first. */
  readonly reasons: readonly string[];
}

interface Difference {
  readonly grade: DriftGrade;
  readonly reason: string;
}

const order: readonly DriftGrade[] = ["dangerous", "breaking", "widening", "cosmetic"];

/** Whether a definition is blocked until a person has looked. */
export function isBlocking(grade: DriftGrade): grade is "breaking" | "dangerous" {
  return grade === "breaking" || grade === "dangerous";
}

/** A definition that is new here: dangerous by itself, or null. */
export function gradeFirst({ value }: Definition): Grade | null {
  const found = suspicions(value, null);
  return found.length === 0 ? null : toGrade(found);
}

/** What changed between what was accepted and what is seen now. */
export function gradeChange(pinned: Definition, observed: Definition): Grade {
  const [before, after] = [pinned.value, observed.value];
  const found = [
    ...suspicions(after, before),
    ...compareHints(before["annotations"], after["annotations"]),
    ...compareInputs(before["inputSchema"]!, after["inputSchema"]!),
    ...compareOutputs(before["outputSchema"], after["outputSchema"]),
    ...compareTexts(before, after),
  ];
  // A difference that none of these explains is one that nobody has thought of.
  return toGrade(
    found.length > 0
      ? found
      : [{ grade: "breaking", reason: "the definition changed in a way that is not known" }],
  );
}

function toGrade(found: readonly Difference[]): Grade {
  const sorted = [...found].sort((a, b) => order.indexOf(a.grade) - order.indexOf(b.grade));
  return { grade: sorted[0]!.grade, reasons: sorted.map(({ reason }) => reason).slice(0, 50) };
}

/** Those that were accepted before are not new. */
function suspicions(after: Params, before: Params | null): readonly Difference[] {
  const known = new Set(
    (before === null ? [] : findSuspicions(before)).map(({ kind, pointer }) => `${kind}${pointer}`),
  );
  return findSuspicions(after)
    .filter(
      ({ kind, pointer }) =>
        !known.has(`${kind}${pointer}`) || !same(at(before, pointer), at(after, pointer)),
    )
    .map(({ kind, pointer }) => ({
      grade: "dangerous" as const,
      reason:
        kind === "hidden"
          ? `${pointer} has hidden characters`
          : `${pointer} speaks to the model instead of describing the tool`,
    }));
}

function at(value: Params | null, pointer: string): Json | undefined {
  let found: Json | undefined = value ?? undefined;
  for (const step of pointer.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    found =
      typeof found === "object" && found !== null
        ? (found as Record<string, Json>)[key]
        : undefined;
  }
  return found;
}

const hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] as const;

function compareHints(before: Json | undefined, after: Json | undefined): readonly Difference[] {
  const [old, now] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
  const flipped = hints
    .filter((hint) => old[hint] !== now[hint])
    .map((hint) => ({
      grade: "dangerous" as const,
      reason: `the hint ${hint} changed from ${say(old[hint])} to ${say(now[hint])}`,
    }));
  const rest = (hintsOf: Params) =>
    Object.fromEntries(
      Object.entries(hintsOf).filter(([key]) => !hints.includes(key as (typeof hints)[number])),
    );
  if (flipped.length > 0 || same(rest(old), rest(now))) return flipped;
  return [{ grade: "cosmetic", reason: "the annotations for people changed" }];
}

/** Where a call can send something, or what it can reach. */
const destination =
  /(?:^|[_-])(?:url|uri|href|host|hostname|domain|endpoint|webhook|callback|redirect|email|mail|recipient|to|cc|bcc|address|channel|destination|target|path|file|filename|dir|directory|bucket|server|proxy|cmd|command|shell|script|code|sql|query)(?:$|[_-]|s$)/i;

function compareInputs(before: Json, after: Json): readonly Difference[] {
  if (same(before, after)) return [];
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  const [oldRequired, nowRequired] = [requiredOf(before), requiredOf(after)];
  const found: Difference[] = [];
  for (const name of Object.keys(old)) {
    if (!Object.hasOwn(now, name))
      found.push({ grade: "breaking", reason: `the parameter ${name} is gone` });
    else found.push(...compareParameter(name, old[name]!, now[name]!));
  }
  for (const name of Object.keys(now)) {
    if (!Object.hasOwn(old, name)) found.push(added(name, nowRequired.has(name)));
    else if (nowRequired.has(name) && !oldRequired.has(name))
      found.push({ grade: "breaking", reason: `the parameter ${name} is required now` });
    else if (!nowRequired.has(name) && oldRequired.has(name))
      found.push({ grade: "widening", reason: `the parameter ${name} is not required any more` });
  }
  const { properties: _p, required: _r, ...restBefore } = before as Params;
  const { properties: _q, required: _s, ...restAfter } = after as Params;
  if (!same(restBefore, restAfter))
    found.push({ grade: "breaking", reason: "the schema around the parameters changed" });
  return found;
}

function added(name: string, isRequired: boolean): Difference {
  if (destination.test(toSnake(name)))
    return { grade: "dangerous", reason: `the parameter ${name} is new and names a destination` };
  return isRequired
    ? { grade: "breaking", reason: `the parameter ${name} is new and required` }
    : { grade: "widening", reason: `the parameter ${name} is new and optional` };
}

function toSnake(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2");
}

function compareParameter(name: string, before: Json, after: Json): readonly Difference[] {
  if (same(before, after)) return [];
  if (!isObject(before) || !isObject(after))
    return [{ grade: "breaking", reason: `the parameter ${name} changed` }];
  const { description: oldText, title: oldTitle, ...old } = before;
  const { description: text, title, ...now } = after;
  const texts: readonly Difference[] = same(
    [oldText ?? null, oldTitle ?? null],
    [text ?? null, title ?? null],
  )
    ? []
    : [{ grade: "cosmetic", reason: `the description of ${name} changed` }];
  if (same(old, now)) return texts;
  if (!same(old["default"] ?? null, now["default"] ?? null) && destination.test(toSnake(name))) {
    return [
      { grade: "dangerous", reason: `the default of the destination ${name} changed` },
      ...texts,
    ];
  }
  return [
    isWider(old, now)
      ? { grade: "widening", reason: `the parameter ${name} takes more` }
      : { grade: "breaking", reason: `the parameter ${name} takes something else` },
    ...texts,
  ];
}

/** Every value that was taken is taken still, as far as that can be seen without doubt. */
function isWider(before: Params, after: Params): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const key of keys) {
    const [old, now] = [before[key], after[key]];
    if (same(old ?? null, now ?? null)) continue;
    if (!isLooser(key, old, now)) return false;
  }
  return true;
}

const upper = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]);
const lower = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]);

function isLooser(key: string, old: Json | undefined, now: Json | undefined): boolean {
  if (key === "enum" && Array.isArray(old) && Array.isArray(now)) {
    const [values, others] = [old as readonly Json[], now as readonly Json[]];
    return values.every((value) => others.some((other) => same(value, other)));
  }
  if (key === "type") return [old].flat().every((type) => [now].flat().includes(type as never));
  if (upper.has(key))
    return (
      typeof old === "number" && (now === undefined || (typeof now === "number" && now >= old))
    );
  if (lower.has(key))
    return (
      typeof old === "number" && (now === undefined || (typeof now === "number" && now <= old))
    );
  return key === "pattern" || key === "format" ? now === undefined : key === "examples";
}

function compareOutputs(before: Json | undefined, after: Json | undefined): readonly Difference[] {
  if (same(before ?? null, after ?? null)) return [];
  if (before === undefined) return [{ grade: "widening", reason: "results have a schema now" }];
  return [
    {
      grade: "breaking",
      reason:
        after === undefined ? "results have no schema any more" : "the schema of results changed",
    },
  ];
}

function compareTexts(before: Params, after: Params): readonly Difference[] {
  const found: Difference[] = [];
  for (const key of ["title", "description"]) {
    if (!same(before[key] ?? null, after[key] ?? null))
      found.push({ grade: "cosmetic", reason: `the ${key} changed` });
  }
  const known = new Set([
    "name",
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
    "icons",
    "_meta",
  ]);
  const others = new Set(
    [...Object.keys(before), ...Object.keys(after)].filter((key) => !known.has(key)),
  );
  for (const key of others) {
    if (!same(before[key] ?? null, after[key] ?? null))
      found.push({ grade: "breaking", reason: `${key} changed` });
  }
  return found;
}

function propertiesOf(schema: Json): Params {
  return isObject(schema) && isObject(schema["properties"]) ? schema["properties"] : {};
}

function requiredOf(schema: Json): ReadonlySet<string> {
  const required = isObject(schema) ? schema["required"] : undefined;
  return new Set(
    Array.isArray(required) ? required.filter((name) => typeof name === "string") : [],
  );
}

function same(one: Json | undefined, other: Json | undefined): boolean {
  return one === other || toCanonicalText(one ?? null) === toCanonicalText(other ?? null);
}

function say(value: Json | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
