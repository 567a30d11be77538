import { diffJson, type Difference } from "../lib/diff-json.ts";
import type { Json } from "../lib/strict-json.ts";
import { usualContext, type AgentContext } from "../model/agent-context.ts";
import type { Bundle } from "../model/bundle.ts";
import { toCanonicalText, toDigest } from "../model/index.ts";

/** One component of a bundle that another one has differently. */
export interface BundleChange {
  /** `instructions`, `tool flights__search`, `model fast`, `policy rule spending`. */
  readonly component: string;
  /** The whole line, in words. */
  readonly text: string;
}

/** What changed from one bundle to another, a line a component; none for bundles of one digest. */
export function diffBundles(before: Bundle, after: Bundle): readonly BundleChange[] {
  return [
    ...compare("format", before.v, after.v),
    ...compare("agent", before.agent, after.agent),
    ...compare("description", before.description, after.description),
    ...compare(`model ${after.model.alias}`, before.model, after.model),
    ...compareInstructions(before.instructions, after.instructions),
    ...compareContext(before.context ?? usualContext, after.context ?? usualContext),
    ...compare("toolset", before.toolset, after.toolset),
    ...compareNamed("tool", toNamed(before.tools, "exposed"), toNamed(after.tools, "exposed")),
    ...compareNamed("server", toNamed(before.servers, "name"), toNamed(after.servers, "name")),
    ...compareNamed("skill", toSkills(before.skills), toSkills(after.skills)),
    ...compare("memory", before.memory, after.memory),
    ...comparePolicy(before.policy, after.policy),
    ...compare("waits", before.waits, after.waits),
    ...compareNamed(
      "compensation",
      Object.entries(before.compensations),
      Object.entries(after.compensations),
    ),
    ...compare("limits", before.limits, after.limits),
  ];
}

function compareContext(before: AgentContext, after: AgentContext): readonly BundleChange[] {
  const { sources: oldSources, ...old } = before;
  const { sources, ...next } = after;
  return [
    ...compare("context", old, next),
    ...compareNamed("source", toNamed(oldSources, "name"), toNamed(sources, "name")),
  ];
}

function comparePolicy(before: Bundle["policy"], after: Bundle["policy"]): readonly BundleChange[] {
  const { rules: oldRules, ...old } = before;
  const { rules, ...next } = after;
  return [
    ...compare("policy", old, next),
    ...compareNamed("policy rule", toTexts(oldRules), toTexts(rules)),
  ];
}

function toTexts(rules: Bundle["policy"]["rules"]): readonly Named[] {
  return toNamed(rules, "name").map(([name, rule]) => [name, rule.text] as const);
}

type Named<Value = unknown> = readonly [name: string, value: Value];

/** By name; the second of one name, which no bundle of ours has, is told apart by its place. */
function toNamed<Key extends string, Item extends Readonly<Record<Key, string>>>(
  items: readonly Item[],
  key: Key,
): readonly Named<Item>[] {
  const seen = new Set<string>();
  return items.map((item, index) => {
    const name = seen.has(item[key]) ? `${item[key]} (at ${index + 1})` : item[key];
    seen.add(name);
    return [name, item] as const;
  });
}

/** Its files by their paths: a file is named by that, and not by its place in the list. */
function toSkills(skills: Bundle["skills"]): readonly Named[] {
  return toNamed(skills, "name").map(([name, { files, ...rest }]) => {
    const named = toNamed(files, "path").map(([path, { digest, size }]) => [
      path,
      { digest, size },
    ]);
    return [name, { ...rest, file: Object.fromEntries(named) as object }] as const;
  });
}

function compareNamed(
  noun: string,
  before: readonly Named[],
  after: readonly Named[],
): readonly BundleChange[] {
  const [old, next] = [new Map(before), new Map(after)];
  const changes: BundleChange[] = [];
  for (const name of new Set([...old.keys(), ...next.keys()])) {
    const component = `${noun} ${name}`;
    if (!next.has(name)) changes.push({ component, text: `${component} removed` });
    else if (!old.has(name)) changes.push({ component, text: `${component} added` });
    else changes.push(...compare(component, old.get(name), next.get(name)));
  }
  if (changes.length > 0 || [...old.keys()].join("\n") === [...next.keys()].join("\n"))
    return changes;
  return [{ component: `${noun}s`, text: `${noun}s: the same in another order` }];
}

/** One value of a bundle: as it is, or each of its members that differs. */
function compare(component: string, before: unknown, after: unknown): readonly BundleChange[] {
  const { list, more } = diffJson(before as Json, after as Json, mostMembers);
  if (list.length === 0) return [];
  const [only] = list;
  if (only?.pointer === "") {
    const isText = typeof before === "string" && typeof after === "string" && isLong(before, after);
    const change = isText ? toLineChange(before, after) : toStep(before, after);
    return [{ component, text: `${component} ${isText ? `changed (${change})` : change}` }];
  }
  const members = list.map(toMember).join(", ");
  return [{ component, text: `${component}: ${members}${more ? ", and more" : ""}` }];
}

/** More than that nobody reads in one line. */
const mostMembers = 20;
const longText = 60;

function isLong(before: string, after: string): boolean {
  return [before, after].some((text) => text.length > longText || text.includes("\n"));
}

function compareInstructions(before: string, after: string): readonly BundleChange[] {
  if (before === after) return [];
  const component = "instructions";
  return [{ component, text: `${component} changed (${toLineChange(before, after)})` }];
}

/** The first line that differs, and how long both are. */
function toLineChange(before: string, after: string): string {
  const [old, next] = [before.split("\n"), after.split("\n")];
  const index = old.findIndex((line, at) => line !== next[at]);
  const at = index === -1 ? old.length : index;
  const step = toStep(old[at] ?? null, next[at] ?? null);
  const lengths = old.length === next.length ? "" : `, ${old.length} → ${next.length} lines`;
  return `line ${at + 1}: ${step}${lengths}`;
}

function toMember({ pointer, before, after }: Difference): string {
  return `${toWords(pointer)} ${toStep(before ?? null, after ?? null)}`;
}

/** `/route/0/1/weight` → `route group 1 place 2 weight`. */
function toWords(pointer: string): string {
  const parts = pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const [first = "", ...rest] = parts;
  if (first === "route" && rest.length > 0) {
    const [group, place, ...inner] = rest;
    const where = place === undefined ? "" : ` place ${Number(place) + 1}`;
    return ["route group", `${Number(group) + 1}${where}`, ...inner].join(" ");
  }
  return [first, ...rest].map((part) => labels[part] ?? part).join(" ");
}

const labels: Readonly<Record<string, string>> = {
  pin: "definition",
  fresh: "believed for milliseconds",
  caps: "at most",
  micros: "money in millionths",
};

function toStep(before: unknown, after: unknown): string {
  const [old, next] = [toShort(before), toShort(after)];
  if (old !== next) return `${old} → ${next}`;
  // What is shown of both is the same: they differ further on.
  const [whole, other] = [before, after].map((value) => toDigest(toCanonicalText(value)));
  return `${old} (${whole}) → ${next} (${other})`;
}

function toShort(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (typeof value !== "string") return cut(toCanonicalText(value));
  if (/^sha256:[0-9a-f]{64}$/.test(value)) return `${value.slice(0, 19)}…`;
  return JSON.stringify(cut(value));
}

function cut(text: string): string {
  return text.length <= longText ? text : `${text.slice(0, longText)}…`;
}
