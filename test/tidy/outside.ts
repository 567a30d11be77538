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

/** What reaches past the ports to the clock, to chance or to the environment. */
interface Reach {
  readonly what: string;
  readonly matches: (node: Node) => boolean;
}

const environment: Reach = { what: "process.env", matches: readsEnvironment };

const clockAndChance: readonly Reach[] = [
  ...member("Date", ["now"]),
  ...member("performance", ["now", "timeOrigin", "mark", "measure"]),
  ...member("process", ["hrtime", "uptime"]),
  ...member("Math", ["random"]),
  ...member("AbortSignal", ["timeout"]),
  ...member("crypto", ["getRandomValues", "randomUUID", "randomBytes", "randomInt"]),
  { what: "the time of new Date()", matches: readsDate },
  ...["setTimeout", "setInterval"].map((name) => ({ what: name, matches: calls(name) })),
  ...[
    "randomBytes",
    "randomUUID",
    "randomInt",
    "randomFill",
    "randomFillSync",
    "getRandomValues",
  ].map((name) => ({ what: name, matches: imports(name) })),
];

/** Programs that run in sandboxes: what they find there is what the driver gave, and that is their matter. */
const insideSandboxes = [
  "src/adapters/sandboxes/host/canary.ts",
  "src/adapters/sandboxes/runner/runner.ts",
];

/** Settings come in through main, so that a reader of any other file sees all it depends on. */
export function findEnvironment(sources: readonly Source[]): readonly Finding[] {
  return find(
    sources.filter(({ path }) => !path.startsWith("src/main/") && !insideSandboxes.includes(path)),
    [environment],
    "is read in src/main only",
  );
}

/** Time and chance come through ports, so that a test can hold them still. */
export function findClockAndChance(sources: readonly Source[]): readonly Finding[] {
  return find(
    sources.filter(({ path }) => !path.startsWith("src/adapters/")),
    clockAndChance,
    "comes through the Clock or Random port",
  );
}

function find(
  sources: readonly Source[],
  reaches: readonly Reach[],
  message: string,
): readonly Finding[] {
  return sources
    .filter(({ path }) => path.startsWith("src/") && !isTest(path))
    .flatMap((source) =>
      [...walk(source.program)].flatMap((node) =>
        reaches
          .filter((reach) => reach.matches(node))
          .map(({ what }) => ({ place: placeOf(source, node), message: `${what} ${message}` })),
      ),
    );
}

function member(object: string, properties: readonly string[]): readonly Reach[] {
  return properties.map((property) => ({
    what: `${object}.${property}`,
    matches: (node) => isMember(node, object, property) || takesApart(node, object, property),
  }));
}

/** `process.env`, `process["env"]` and `globalThis.process.env` alike. */
function isMember(node: Node, object: string, property: string): boolean {
  if (node.type !== "MemberExpression" || nameOf(node["property"]) !== property) return false;
  const owner = node["object"];
  return nameOf(owner) === object || (isNode(owner) && nameOf(owner["property"]) === object);
}

/** `const { env } = process`. */
function takesApart(node: Node, object: string, property: string): boolean {
  if (node.type !== "VariableDeclarator" || nameOf(node["init"]) !== object) return false;
  const pattern = node["id"];
  const properties =
    isNode(pattern) && Array.isArray(pattern["properties"]) ? pattern["properties"] : [];
  return properties.some((entry: unknown) => isNode(entry) && nameOf(entry["key"]) === property);
}

function readsEnvironment(node: Node): boolean {
  if (isMember(node, "process", "env") || takesApart(node, "process", "env")) return true;
  return imports("env")(node);
}

function readsDate(node: Node): boolean {
  const isDate = nameOf(node["callee"]) === "Date";
  if (node.type === "CallExpression") return isDate;
  return node.type === "NewExpression" && isDate && (node["arguments"] as unknown[]).length === 0;
}

function calls(name: string): (node: Node) => boolean {
  return (node) =>
    (node.type === "CallExpression" && nameOf(node["callee"]) === name) ||
    isMember(node, "globalThis", name) ||
    imports(name)(node);
}

/** Named imports from Node's own modules; the same word from our files is another thing. */
function imports(name: string): (node: Node) => boolean {
  return (node) => {
    if (node.type !== "ImportDeclaration" || nameOf(node["source"])?.startsWith("node:") !== true)
      return false;
    const specifiers = Array.isArray(node["specifiers"]) ? (node["specifiers"] as unknown[]) : [];
    return specifiers.some((entry) => isNode(entry) && nameOf(entry["imported"]) === name);
  };
}
