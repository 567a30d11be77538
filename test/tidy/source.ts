import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseAst } from "vitest/node";

/** One file as the rules see it. Paths are relative to the checkout, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Node;
}

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** What a rule found: where, and what to do about it. */
export interface Finding {
  readonly place: string;
  readonly message: string;
}

export function readSources(root: string, folders: readonly string[]): readonly Source[] {
  return folders
    .flatMap((folder) => listFiles(root, folder))
    .map((file) => toSource(file, readFileSync(path.join(root, file), "utf8")));
}

/** A made-up tree, to show that a rule catches what it is for. */
export function toSources(files: Readonly<Record<string, string>>): readonly Source[] {
  return Object.entries(files).map(([file, text]) => toSource(file, text));
}

function toSource(file: string, text: string): Source {
  // Only the shape of the tree is used here, and the rules look at it by the names of its fields.
  // Its successor is not reachable through the runner, and one parser is enough.
  // oxlint-disable-next-line typescript/no-deprecated
  const program = parseAst(text, { lang: languageOf(file) }) as unknown as Node;
  return { path: file, text, program };
}

function languageOf(file: string): "js" | "ts" | "tsx" {
  if (file.endsWith(".js")) return "js";
  return file.endsWith(".tsx") ? "tsx" : "ts";
}

export function listFiles(root: string, folder: string): readonly string[] {
  const found = readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true });
  return found
    .filter((entry) => entry.isFile() && /\.(tsx?|js)$/.test(entry.name))
    .map((entry) =>
      path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll("\\", "/"),
    )
    .sort();
}

/** Every node below, the given one first. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) yield* walk(child);
    }
  }
}

export function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"
  );
}

/** The name of an identifier, or the value of a string; `null` for anything else. */
export function nameOf(value: unknown): string | null {
  if (!isNode(value)) return null;
  if (value.type === "Identifier" && typeof value["name"] === "string") return value["name"];
  if (value.type === "Literal" && typeof value["value"] === "string") return value["value"];
  return null;
}

export function lineOf(source: Source, offset: number): number {
  return source.text.slice(0, offset).split("\n").length;
}

export function countLines(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

export function placeOf(source: Source, node: Node): string {
  return `${source.path}:${lineOf(source, node.start)}`;
}

export function isTest(file: string): boolean {
  return file.endsWith(".test.ts");
}
