import {
  countLines,
  isTest,
  nameOf,
  placeOf,
  walk,
  type Finding,
  type Node,
  type Source,
} from "./source.ts";

export const limits = {
  file: 400,
  ninetiethFile: 250,
  function: 60,
  component: 100,
  parameters: 3,
} as const;

const functions: ReadonlySet<string> = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
]);

/** Nobody reads what a program of ours wrote, and says so in its first line. */
const generated = /^\/\/ Written by /;

export function findLongFiles(sources: readonly Source[]): readonly Finding[] {
  return sources.flatMap(({ path, text }) => {
    const lines = countLines(text);
    return lines > limits.file && !generated.test(text)
      ? [{ place: path, message: `${lines} lines, over ${limits.file}` }]
      : [];
  });
}

/** The largest files set the tone: nine in ten of the product's stay far below the limit. */
export function findLongNinetieth(sources: readonly Source[]): readonly Finding[] {
  const sizes = sources
    .filter(({ path }) => path.startsWith("src/"))
    .map(({ path, text }) => ({ path, lines: countLines(text) }))
    .toSorted((a, b) => a.lines - b.lines);
  const at = sizes[Math.ceil(sizes.length * 0.9) - 1];
  if (at === undefined || at.lines <= limits.ninetiethFile) return [];
  return [
    {
      place: at.path,
      message: `the 90th percentile is ${at.lines} lines, over ${limits.ninetiethFile}`,
    },
  ];
}

/** In tests a `describe` may be long; what it calls is judged by the file's size. */
export function findLongFunctions(sources: readonly Source[]): readonly Finding[] {
  return sources
    .filter(({ path, text }) => !isTest(path) && !path.startsWith("test/") && !generated.test(text))
    .flatMap((source) =>
      [...walk(source.program)]
        .filter(({ type }) => functions.has(type))
        .flatMap((node) => judge(source, node)),
    );
}

function judge(source: Source, node: Node): readonly Finding[] {
  const lines = countLines(source.text.slice(node.start, node.end));
  const name = nameOf(node["id"]) ?? "a function";
  const place = placeOf(source, node);
  const parameters = Array.isArray(node["params"]) ? node["params"].length : 0;
  // Markup is long and plain: a line an attribute.
  const most = source.path.endsWith(".tsx") ? limits.component : limits.function;
  return [
    ...(lines > most ? [{ place, message: `${name} has ${lines} lines, over ${most}` }] : []),
    ...(parameters > limits.parameters
      ? [{ place, message: `${name} takes ${parameters} parameters, over ${limits.parameters}` }]
      : []),
  ];
}
