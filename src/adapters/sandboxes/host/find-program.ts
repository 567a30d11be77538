import { access, constants, open, realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { Placed } from "./placed.ts";
import { fail, isWithin } from "./fail.ts";

export interface FoundProgram {
  /** How it is called in the sandbox. */
  readonly path: string;
  /** What of it lies outside of what the sandbox sees anyway. */
  readonly placed: readonly Placed[];
}

export interface Search {
  /** The folders to look in, as in PATH. */
  readonly path: string;
  /** Where a relative path starts. */
  readonly directory: string;
  /** Folders that the sandbox sees anyway. */
  readonly visible: readonly string[];
}

/** Finds a program on the host, with what it cannot start without: its package, its interpreter. */
export async function findProgram(name: string, search: Search): Promise<FoundProgram> {
  const found = await locate(name, search);
  if (found === null) throw fail(`There is no program \`${name}\` on this machine.`);
  const file = await realpath(found);
  const interpreter = await readInterpreter(file);
  if (interpreter === null) return place(found, file, { ...search, toSource: toPackage });
  const under = await locateOrFail(interpreter, name, search);
  const { placed } = place(under, await realpath(under), { ...search, toSource: toPackage });
  const own = place(found, file, { ...search, toSource: toModules });
  return { path: own.path, placed: unique([...placed, ...own.placed]) };
}

async function locateOrFail(interpreter: string, name: string, search: Search): Promise<string> {
  const found = await locate(interpreter, search);
  if (found === null)
    throw fail(`\`${name}\` is run by \`${interpreter}\`, which is not on this machine.`);
  return found;
}

export async function locate(
  name: string,
  { path: folders, directory }: Pick<Search, "path" | "directory">,
): Promise<string | null> {
  const candidates = name.includes("/")
    ? [path.resolve(directory, name)]
    : folders.split(":").map((folder) => path.join(folder, name));
  for (const candidate of candidates)
    if (path.isAbsolute(candidate) && (await isProgram(candidate))) return candidate;
  return null;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

interface Placing extends Search {
  /** What is seen along with a file that the sandbox does not see anyway. */
  readonly toSource: (file: string) => string;
}

function place(found: string, file: string, { visible, toSource }: Placing): FoundProgram {
  const isVisible = (one: string): boolean => visible.some((folder) => isWithin(one, folder));
  // A link to it that is not seen is not followed.
  if (isVisible(file)) return { path: isVisible(found) ? found : file, placed: [] };
  const source = toSource(file);
  const bind: Placed = { kind: "bind", source, path: source };
  if (found === file || isVisible(found) || isWithin(found, source))
    return { path: file, placed: [bind] };
  return { path: found, placed: [bind, { kind: "link", target: file, path: found }] };
}

const modules = "/node_modules/";

/** A program of npm's lies in a package; any other one is a file of its own. */
function toPackage(file: string): string {
  const at = file.lastIndexOf(modules);
  if (at < 0) return file;
  const [scope = "", name = ""] = file.slice(at + modules.length).split("/");
  const folder = scope.startsWith("@") ? `${scope}/${name}` : scope;
  return `${file.slice(0, at)}${modules}${folder}`;
}

/** A script of npm's finds the modules that it needs beside its package. */
function toModules(file: string): string {
  const at = file.indexOf(modules);
  return at < 0 ? file : file.slice(0, at + modules.length - 1);
}

/** Of a script, by its first line: a path, or the name that `env` looks for. */
async function readInterpreter(file: string): Promise<string | null> {
  const script = await open(file).catch(() => null);
  if (script === null) return null;
  try {
    const { buffer, bytesRead } = await script.read(Buffer.alloc(256), 0, 256, 0);
    const line = buffer.subarray(0, bytesRead).toString("latin1").split("\n")[0] ?? "";
    const [, program = "", argument = ""] = /^#!\s*(\S+)(?:\s+(?:-S\s+)?(\S+))?/.exec(line) ?? [];
    if (program === "") return null;
    return path.basename(program) === "env" ? argument : program;
  } finally {
    await script.close();
  }
}

const unique = (placed: readonly Placed[]): readonly Placed[] => [
  ...new Map(placed.map((one) => [one.path, one])).values(),
];
