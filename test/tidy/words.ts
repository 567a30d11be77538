import {
  isNode,
  isTest,
  nameOf,
  placeOf,
  walk,
  type Finding,
  type Node,
  type Source,
} from "./source.ts";

/** Words that name anything and therefore nothing. */
const nouns: ReadonlySet<string> = new Set(
  ["manager", "managers", "helper", "helpers", "util", "utils", "utility", "utilities"].concat([
    "service",
    "services",
    "handler",
    "handlers",
    "data",
    "info",
  ]),
);
const verbs: ReadonlySet<string> = new Set(["handle", "process", "manage", "perform"]);
/** Established terms that hold such a word: Postgres itself says data directory. */
const terms = [/\bdata dir(ectory|ectories|s)?\b/];

/** Files and exported names, and the verbs that functions begin with. */
export function findVagueWords(sources: readonly Source[]): readonly Finding[] {
  return sources.flatMap((source) => [
    ...judgeName(source.path, source.path.replace(/^.*\//, "").replace(/\.[a-z.]+$/, ""), nouns),
    ...[...walk(source.program)].flatMap((node) => [
      ...exportedNames(node).flatMap((name) => judgeName(placeOf(source, node), name, nouns)),
      ...(isTest(source.path) ? [] : judgeVerb(source, node)),
    ]),
  ]);
}

function judgeName(place: string, name: string, banned: ReadonlySet<string>): readonly Finding[] {
  const text = terms.reduce((rest, term) => rest.replace(term, ""), toWords(name).join(" "));
  const found = text.split(" ").find((word) => banned.has(word));
  return found === undefined ? [] : [{ place, message: `\`${name}\`: \`${found}\` says nothing` }];
}

function judgeVerb(source: Source, node: Node): readonly Finding[] {
  const name = functionName(node);
  const [first = ""] = name === null ? [] : toWords(name);
  if (!verbs.has(first)) return [];
  return [
    {
      place: placeOf(source, node),
      message: `\`${name}\`: say what is done instead of \`${first}\``,
    },
  ];
}

/** `parseHttpUrl` → parse, http, url; `wake-queue` → wake, queue. */
export function toWords(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

function functionName(node: Node): string | null {
  if (node.type === "FunctionDeclaration") return nameOf(node["id"]);
  if (node.type === "MethodDefinition") return nameOf(node["key"]);
  const value = node["init"];
  const isFunction = isNode(value) && /^(Arrow)?FunctionExpression$/.test(value.type);
  return node.type === "VariableDeclarator" && isFunction ? nameOf(node["id"]) : null;
}

function exportedNames(node: Node): readonly string[] {
  if (node.type !== "ExportNamedDeclaration") return [];
  const specifiers = Array.isArray(node["specifiers"]) ? (node["specifiers"] as unknown[]) : [];
  const named = specifiers.map((entry) => (isNode(entry) ? nameOf(entry["exported"]) : null));
  const declaration = node["declaration"];
  const declared = isNode(declaration)
    ? [nameOf(declaration["id"]), ...variables(declaration)]
    : [];
  return [...named, ...declared].filter((name) => name !== null);
}

function variables(declaration: Node): readonly (string | null)[] {
  const declarators = Array.isArray(declaration["declarations"])
    ? (declaration["declarations"] as unknown[])
    : [];
  return declarators.map((entry) => (isNode(entry) ? nameOf(entry["id"]) : null));
}
