import { judgeWorkPath } from "../../model/work-path.ts";
import { toShown, type WorkFileEntry } from "../../model/workspace.ts";
import type { WorkFile } from "../../ports/errands.ts";
import { countOf, textOf, type ToolCall, type Told, type WorkbenchParts } from "./tool-call.ts";
import type { Changed, Changing, OpenWorkspace } from "./workspaces.ts";

/** As much of one file as one answer holds. */
const mostRead = 65_536;
/** Lines of a listing: a model that wants more runs `find`. */
const mostListed = 500;

/** None of these touches a file system: they read and change what the store holds. */
export async function listFiles(
  { workspaces }: WorkbenchParts,
  { whose, beforeWrite }: ToolCall,
): Promise<Told> {
  beforeWrite();
  return workspaces.look(whose, async ({ manifest: { files }, digest }) => {
    const lines = files.slice(0, mostListed).map(toLine);
    const left = files.length - lines.length;
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const head = `${files.length} files, ${size} bytes`;
    const more = left === 0 ? [] : [`… and ${left} more`];
    return {
      text: [head, ...lines, ...more].join("\n"),
      workspace: { before: digest, after: digest },
    };
  });
}

function toLine({ path, size, isExecutable }: WorkFileEntry): string {
  return `${size}\t${path}${isExecutable ? " (executable)" : ""}`;
}

export async function readFile({ workspaces }: WorkbenchParts, call: ToolCall): Promise<Told> {
  const path = textOf(call, "path");
  call.beforeWrite();
  return workspaces.look(call.whose, async (open) => {
    const workspace = { before: open.digest, after: open.digest };
    const found = await findText(open, path);
    if (typeof found === "string") return { text: found, isError: true, workspace };
    const { bytes } = found;
    const offset = Math.min(countOf(call, "offset") ?? 0, bytes.byteLength);
    const limit = Math.min(countOf(call, "limit") ?? mostRead, mostRead);
    const start = toBoundary(bytes, offset);
    const end = toBoundary(bytes, Math.min(start + limit, bytes.byteLength));
    // A limit that is shorter than one character still gets on.
    const until = end > start || start === bytes.byteLength ? end : nextBoundary(bytes, start);
    const text = Buffer.from(bytes.subarray(start, until)).toString("utf8");
    const isWhole = start === 0 && until === bytes.byteLength;
    const next =
      until < bytes.byteLength ? `; the next part begins at offset ${until}` : "; this is the end";
    const note = `\n(bytes ${start} to ${until} of ${bytes.byteLength}${next})`;
    return { text: isWhole ? text : `${text}${note}`, workspace };
  });
}

/** No part begins or ends in the middle of a character. */
function toBoundary(bytes: Uint8Array, at: number): number {
  let place = at;
  while (place > 0 && place < bytes.byteLength && (bytes[place]! & 0xc0) === 0x80) place -= 1;
  return place;
}

function nextBoundary(bytes: Uint8Array, at: number): number {
  let place = at + 1;
  while (place < bytes.byteLength && (bytes[place]! & 0xc0) === 0x80) place += 1;
  return place;
}

/** A text: why there is none. */
async function findText(
  open: OpenWorkspace,
  path: string,
): Promise<
  { readonly bytes: Uint8Array; readonly text: string; readonly file: WorkFile } | string
> {
  const wrong = judgeWorkPath(path);
  if (wrong !== null) return `The path ${toShown(path)} ${wrong}.`;
  const entry = open.manifest.files.find((file) => file.path === path);
  if (entry === undefined) return `There is no file ${toShown(path)} in the workspace.`;
  const [file] = await open.read([entry]);
  const { bytes } = file!;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { bytes, text, file: file! };
  } catch {
    return `${toShown(path)} is no text in UTF-8 (${entry.size} bytes). A program can read it: run_code or bash.`;
  }
}

export async function writeFile(parts: WorkbenchParts, call: ToolCall): Promise<Told> {
  const [path, text] = [textOf(call, "path"), textOf(call, "text")];
  if (!text.isWellFormed()) return { text: "The text holds half a character.", isError: true };
  const bytes = new TextEncoder().encode(text);
  const told = `Wrote ${bytes.byteLength} bytes to ${toShown(path)}.`;
  return changeBy(parts, call, {
    told,
    plan: async ({ manifest }) => {
      const before = manifest.files.find((file) => file.path === path);
      return {
        written: [{ path, bytes, isExecutable: before?.isExecutable ?? false }],
        removed: [],
      };
    },
  });
}

export async function editFile(parts: WorkbenchParts, call: ToolCall): Promise<Told> {
  const [path, old, fresh] = [textOf(call, "path"), textOf(call, "old"), textOf(call, "new")];
  if (!fresh.isWellFormed()) return { text: "The text holds half a character.", isError: true };
  return changeBy(parts, call, {
    told: `Changed ${toShown(path)}.`,
    plan: async (open) => {
      const found = await findText(open, path);
      if (typeof found === "string") return { refused: found };
      const { text, file } = found;
      const at = text.indexOf(old);
      if (at === -1) return { refused: `${toShown(path)} does not hold that passage.` };
      if (text.indexOf(old, at + 1) !== -1)
        return { refused: `${toShown(path)} holds that passage more than once. Name more of it.` };
      const next = `${text.slice(0, at)}${fresh}${text.slice(at + old.length)}`;
      return { written: [{ ...file, bytes: new TextEncoder().encode(next) }], removed: [] };
    },
  });
}

export async function removeFile(parts: WorkbenchParts, call: ToolCall): Promise<Told> {
  const path = textOf(call, "path");
  return changeBy(parts, call, {
    told: `Removed ${toShown(path)}.`,
    plan: async ({ manifest }) =>
      manifest.files.some((file) => file.path === path)
        ? { written: [], removed: [path] }
        : { refused: `There is no file ${toShown(path)} in the workspace.` },
  });
}

interface Planned {
  readonly told: string;
  readonly plan: Changing["plan"];
}

async function changeBy(
  { workspaces }: WorkbenchParts,
  { whose, config, callKey, beforeWrite }: ToolCall,
  { told, plan }: Planned,
): Promise<Told> {
  beforeWrite();
  const bounds = config.workspace;
  const changed = await workspaces.change(whose, { bounds, callKey, plan });
  return toTold(changed, told);
}

function toTold(changed: Changed, told: string): Told {
  if (changed.kind === "refused") {
    const { why, digest } = changed;
    return { text: why, isError: true, workspace: { before: digest, after: digest } };
  }
  if (changed.kind === "repeated") {
    const { digest } = changed;
    const text = "This call was made before, and what it changed is in the workspace.";
    return { text, workspace: { before: digest, after: digest } };
  }
  const { before, after } = changed;
  return { text: told, workspace: { before, after } };
}
