import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { MachineShape } from "./shape.ts";

/** A machine as it was right before its first program: what every sandbox goes on from. */
export interface Template {
  /** Of its snapshot: read by whoever goes on from it, and written by nobody. */
  readonly directory: string;
  /** An empty disk, for machines without mounts. */
  readonly pack: string;
}

export interface TemplateStore {
  readonly directory: string;
  /** Of a snapshot, besides the empty disk. */
  readonly files: readonly string[];
  /** Makes one at this place: those files, and the empty disk as `pack`. */
  readonly build: (shape: MachineShape, into: string) => Promise<void>;
  /** A place that is not there yet, on the same disk; what a killed server leaves there is swept. */
  readonly toDraft: () => string;
  /** Of the image, our own part and what runs machines. */
  readonly base: string;
  readonly toShapeKey: (shape: MachineShape) => string;
  /** What is not as it should be, for the log. */
  readonly note: (text: string) => void;
}

export interface Templates {
  take(shape: MachineShape): Promise<Template>;
}

const describedSchema = z.strictObject({ key: z.string(), base: z.string(), digest: z.string() });
type Described = z.infer<typeof describedSchema>;

/** One for each size, made when it is first asked for, and again where it is not what it was. */
export function createTemplates(store: TemplateStore): Templates {
  const taken = new Map<string, Promise<Checked>>();
  return {
    take: async (shape) => {
      const key = toKey(store, shape);
      const known = taken.get(key);
      if (known !== undefined && (await isUnchanged(store, known))) return (await known).template;
      // Whoever has found the same meanwhile makes it for all.
      const other = taken.get(key);
      const next = other === known ? findOrBuild(store, shape, key) : other!;
      taken.set(key, next);
      return (await next).template;
    },
  };
}

interface Checked {
  readonly template: Template;
  readonly identity: string | null;
}

/** One whose making failed is made again. */
async function isUnchanged(store: TemplateStore, known: Promise<Checked>): Promise<boolean> {
  const checked = await known.catch(() => null);
  return (
    checked !== null && checked.identity === (await identify(store, checked.template.directory))
  );
}

const toKey = ({ base, toShapeKey }: TemplateStore, shape: MachineShape): string =>
  digestText(`${base}\n${toShapeKey(shape)}`).slice(0, 32);

async function findOrBuild(
  store: TemplateStore,
  shape: MachineShape,
  key: string,
): Promise<Checked> {
  const place = path.join(store.directory, key);
  const found = await check(store, place, key);
  if (typeof found !== "string") return found;
  if (found !== "missing") store.note(`the template of machines ${key} ${found}; it is made again`);
  const making = store.toDraft();
  await mkdir(making, { mode: 0o755 });
  try {
    await store.build(shape, making);
    const { base, files } = store;
    const described: Described = {
      key,
      base: digestText(base),
      digest: await digestOf(making, files),
    };
    await writeFile(path.join(making, "template.json"), `${JSON.stringify(described)}\n`);
    for (const name of [...files, "pack", "template.json"])
      await chmod(path.join(making, name), 0o444);
    await chmod(making, 0o755);
    await replace(making, place);
    await removeOlder(store);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  const made = await check(store, place, key);
  if (typeof made === "string") throw new Error(`the template that was made ${made}`);
  return made;
}

/** Another server may have made the same one meanwhile. */
async function replace(making: string, place: string): Promise<void> {
  await rm(place, { recursive: true, force: true });
  await rename(making, place);
}

/** Of another image, another version of ours or of what runs machines: nobody goes on from those. */
async function removeOlder({ directory, base }: TemplateStore): Promise<void> {
  for (const name of await readdir(directory)) {
    const place = path.join(directory, name);
    const text = await readFile(path.join(place, "template.json"), "utf8").catch(() => null);
    if (text === null) continue;
    const described = describedSchema.safeParse(parseJson(text));
    if (described.success && described.data.base === digestText(base)) continue;
    await rm(place, { recursive: true, force: true });
  }
}

/** A word says what is wrong with it. */
async function check(store: TemplateStore, place: string, key: string): Promise<Checked | string> {
  const text = await readFile(path.join(place, "template.json"), "utf8").catch(() => null);
  if (text === null) return (await exists(place)) ? "is not whole" : "missing";
  const described = describedSchema.safeParse(parseJson(text));
  if (!described.success || described.data.key !== key) return "is described wrongly";
  const template = { directory: place, pack: path.join(place, "pack") };
  const identity = await identify(store, place);
  if (identity === null || !(await exists(template.pack))) return "is not whole";
  if ((await digestOf(place, store.files)) !== described.data.digest) return "is damaged";
  return { template, identity };
}

/** Changes with whatever is done to one of its files; null: one is not there. */
async function identify({ files }: TemplateStore, place: string): Promise<string | null> {
  const all = await Promise.all(
    files.map((name) => stat(path.join(place, name), { bigint: true }).catch(() => null)),
  );
  if (all.includes(null)) return null;
  return all
    .flatMap((one) => [one!.dev, one!.ino, one!.size, one!.mtimeNs, one!.ctimeNs])
    .join(" ");
}

const exists = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => null)) !== null;

async function digestOf(place: string, files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const name of files)
    for await (const chunk of createReadStream(path.join(place, name), { highWaterMark }))
      hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const highWaterMark = 1024 * 1024;

const digestText = (text: string): string => createHash("sha256").update(text).digest("hex");

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
