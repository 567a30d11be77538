import path from "node:path";
import { isNode, nameOf, type Node, placeOf, type Source, walk } from "./source.ts";

/** Something a file refers to, for its values or only for its types: both tie files together. */
export interface Import {
  readonly place: string;
  readonly specifier: string;
  /** The path in the checkout, for relative specifiers. */
  readonly target: string | null;
}

const importing: ReadonlySet<string> = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportType",
]);

export function listImports(source: Source): readonly Import[] {
  const found: Import[] = [];
  for (const node of walk(source.program)) {
    const specifier = importing.has(node.type) ? nameOf(node["source"]) : requireOf(node);
    if (specifier !== null) {
      found.push({ place: placeOf(source, node), specifier, target: resolve(source, specifier) });
    }
  }
  return found;
}

/** `new URL("./x.ts", import.meta.url)` starts a worker or reads a file: an import in all but name. */
function requireOf(node: Node): string | null {
  if (node.type !== "NewExpression" || nameOf(node["callee"]) !== "URL") return null;
  const [first, second] = Array.isArray(node["arguments"]) ? (node["arguments"] as unknown[]) : [];
  const isHere = isNode(second) && second.type === "MemberExpression";
  const specifier = isHere ? nameOf(first) : null;
  return specifier !== null && /^\.{1,2}\/.*\.(tsx?|js)$/.test(specifier) ? specifier : null;
}

function resolve(source: Source, specifier: string): string | null {
  if (!specifier.startsWith(".")) return null;
  return path.posix.normalize(path.posix.join(path.posix.dirname(source.path), specifier));
}

/** `@hono/node-server/x` is of the package `@hono/node-server`. */
export function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
