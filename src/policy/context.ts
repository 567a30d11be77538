import type { Json } from "../lib/strict-json.ts";
import { NotExact, toCedarValue, type ArgumentType } from "./argument-type.ts";
import type { CedarValue } from "./cedar.ts";
import type { Facts } from "./facts.ts";
import type { ContextPath } from "./mentioned-paths.ts";

/** The context that a set of rules reads, and no more of it. */
export interface ReadContext {
  readonly context: Readonly<Record<string, CedarValue>>;
  /** Says the same of two requests if and only if the rules can see no difference between them. */
  readonly key: string;
}

/** Throws `NotExact`, naming the argument, where a rule reads what Cedar cannot hold. */
export function readContext(paths: readonly ContextPath[], facts: Facts): ReadContext {
  const context: Record<string, CedarValue> = {};
  const key: string[] = [];
  for (const path of paths.flatMap(unfold)) {
    const [name, ...rest] = path;
    if (name === undefined || name === "approval" || name === "obligation") continue;
    const found =
      name === "args"
        ? findArgument(facts.argumentType, facts.args, rest)
        : find(readFact(name, facts), rest);
    place(context, path.slice(0, found.depth + 1), found.value);
    // How far the path leads is part of it: a missing record is not a record without the member.
    key.push(found.value === undefined ? `!${found.depth}` : JSON.stringify(found.value));
  }
  return { context, key: key.join("\n") };
}

const names = ["args", "labels", "toolset", "time", "run", "sandbox"] as const;

function unfold(path: ContextPath): readonly ContextPath[] {
  return path.length === 0 ? names.map((name) => [name]) : [path];
}

function readFact(
  name: string,
  { labels, toolset, nowMs, run, sandbox }: Facts,
): CedarValue | undefined {
  switch (name) {
    case "labels":
      return [...labels].toSorted();
    case "toolset":
      return toolset;
    case "time":
      return toCalendar(nowMs);
    case "run":
      return run === null ? undefined : { ...run };
    case "sandbox":
      return sandbox === null ? undefined : { ...sandbox };
    default:
      return undefined;
  }
}

/** In UTC, Monday the first day: what a rule may say of time, so that an answer holds for an hour. */
export function toCalendar(nowMs: number): Record<string, number> {
  const date = new Date(nowMs);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: ((date.getUTCDay() + 6) % 7) + 1,
    hour: date.getUTCHours(),
  };
}

interface Found {
  /** How many members of the path are there. */
  readonly depth: number;
  /** Undefined where the path leads nowhere; then the records up to there exist, empty. */
  readonly value: CedarValue | undefined;
}

function find(start: CedarValue | undefined, path: ContextPath): Found {
  if (start === undefined) return { depth: -1, value: undefined };
  let value: CedarValue = start;
  for (const [depth, name] of path.entries()) {
    const inner = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    if (inner === undefined) return { depth, value: undefined };
    value = inner;
  }
  return { depth: path.length, value };
}

function findArgument(start: ArgumentType, args: Json, path: ContextPath): Found {
  let type = start;
  let value = args;
  for (const [depth, name] of path.entries()) {
    const member = type.kind === "record" ? type.members.get(name) : undefined;
    const inner = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    if (inner === undefined || inner === null) return { depth, value: undefined };
    // It is there, and no rule can say anything of it: to take it for missing would be a guess.
    if (member === undefined) throw unreadable(path.slice(0, depth + 1));
    type = member.type;
    value = inner;
  }
  try {
    return { depth: path.length, value: toCedarValue(type, value) };
  } catch (error) {
    if (!(error instanceof NotExact)) throw error;
    throw new NotExact(`The argument ${path.join(".")} ${error.message}.`, { cause: error });
  }
}

function unreadable(path: ContextPath): NotExact {
  return new NotExact(`The argument ${path.join(".")} is of no type that a rule can read.`);
}

function isRecord<Value>(value: Value): value is Value & Readonly<Record<string, never>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Makes the records that lead there. */
function place(
  context: Record<string, CedarValue>,
  path: ContextPath,
  value: CedarValue | undefined,
): void {
  let record = context;
  for (const [index, name] of path.entries()) {
    const isLast = index === path.length - 1;
    if (isLast && value !== undefined) {
      define(record, name, value);
      return;
    }
    if (!Object.hasOwn(record, name)) define(record, name, {});
    record = record[name] as Record<string, CedarValue>;
  }
}

/** `__proto__` is a name like any other. */
function define(record: Record<string, CedarValue>, name: string, value: CedarValue): void {
  Object.defineProperty(record, name, { value, enumerable: true, writable: true });
}
