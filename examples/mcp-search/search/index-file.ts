import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { embedders, type Embedder } from "./embedders.ts";
import { limits } from "./limits.ts";
import { writeWhole } from "./write-whole.ts";

const digestField = z.string().regex(/^[0-9a-f]{64}$/);

const bodySchema = z.strictObject({
  embedder: z.strictObject({ id: z.string(), version: z.string(), dimensions: z.int().positive() }),
  writtenAt: z.iso.datetime(),
  documents: z
    .array(
      z.strictObject({
        path: z.string().max(limits.pathLength),
        digest: digestField,
        indexedAt: z.iso.datetime(),
      }),
    )
    .max(limits.documents),
  chunks: z
    .array(
      z.strictObject({
        /** Its place in `documents`. */
        document: z.int().nonnegative(),
        heading: z.string(),
        text: z.string().max(limits.chunkLength),
        hidden: z.int().nonnegative(),
        /** Base64 of 32-bit floats, lowest byte first. */
        vector: z.string(),
      }),
    )
    .max(limits.chunks),
  leftOut: z.array(z.strictObject({ path: z.string(), why: z.string() })).max(limits.leftOut),
});
type Body = z.output<typeof bodySchema>;

export type IndexedDocument = Body["documents"][number];
export interface Chunk extends Omit<Body["chunks"][number], "vector" | "document"> {
  readonly document: IndexedDocument;
  readonly vector: Float32Array;
}
/** One value from one file: its vectors are all of one embedder in one version. */
export interface Index {
  readonly embedder: Embedder;
  readonly writtenAt: string;
  readonly documents: readonly IndexedDocument[];
  readonly chunks: readonly Chunk[];
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

const format = "mcp-search index, format 1";
const headSchema = z.strictObject({ format: z.literal(format), sha256: digestField });
const versionShape = /^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/;

/** A file of its own for each version: the next one is built beside the one that answers. */
export function toIndexFile(state: string, version: string): string {
  if (!versionShape.test(version)) throw new Error(`${JSON.stringify(version)} is no version.`);
  return path.join(state, `documents.v${version}.index`);
}

const currentSchema = z.strictObject({ version: z.string().regex(versionShape) });
const toCurrentFile = (state: string): string => path.join(state, "current.json");

/** Which version answers; null: none was ever finished. */
export function readCurrent(state: string): string | null {
  const file = toCurrentFile(state);
  try {
    return currentSchema.parse(JSON.parse(readFileSync(file, "utf8"))).version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(`${file} is damaged: it does not name a version.`, { cause: error });
  }
}

/** The whole index at once: it is written before it is named. */
export function publishIndex(state: string, index: Index): void {
  writeIndex(state, index);
  const { version } = index.embedder;
  writeWhole(toCurrentFile(state), `${JSON.stringify({ version })}\n`);
}

function writeIndex(state: string, index: Index): void {
  const { embedder, writtenAt, documents, leftOut } = index;
  const { id, version, dimensions } = embedder;
  const places = new Map(documents.map((document, at) => [document, at]));
  const chunks = index.chunks.map(({ document, vector, ...rest }) => ({
    ...rest,
    document: places.get(document)!,
    vector: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64"),
  }));
  const written: Body = {
    embedder: { id, version, dimensions },
    writtenAt,
    documents: [...documents],
    chunks,
    leftOut: [...leftOut],
  };
  const body = JSON.stringify(written);
  const content = `${JSON.stringify({ format, sha256: hash("sha256", body) })}\n${body}`;
  if (Buffer.byteLength(content) > limits.indexBytes)
    throw new Error(`The index would be larger than ${limits.indexBytes} bytes.`);
  writeWhole(toIndexFile(state, version), content);
}

/** Throws what is wrong with it, with its name; a file that was cut short or changed is not believed. */
export function readIndex(file: string): Index {
  const content = readBounded(file);
  const end = content.indexOf("\n");
  const head = headSchema.safeParse(parse(content.slice(0, Math.max(0, end))));
  if (!head.success) throw new Error(`${file} is damaged: it does not begin as an index does.`);
  const body = content.slice(end + 1);
  if (hash("sha256", body) !== head.data.sha256)
    throw new Error(`${file} is damaged: its checksum does not fit its content.`);
  const read = bodySchema.safeParse(parse(body));
  if (!read.success) throw new Error(`${file} is damaged: ${z.prettifyError(read.error)}`);
  return toIndex(file, read.data);
}

function toIndex(file: string, { embedder: said, documents, chunks, ...rest }: Body): Index {
  const embedder = embedders.get(said.version);
  const isKnown = embedder?.id === said.id && embedder.dimensions === said.dimensions;
  if (embedder === undefined || !isKnown)
    throw new Error(
      `${file} is of the embedder ${said.id}, version ${said.version}, which is unknown here.`,
    );
  const read = chunks.map(({ document: at, vector, ...chunk }) => {
    const bytes = Buffer.from(vector, "base64");
    const document = documents[at];
    if (document === undefined || bytes.length !== said.dimensions * 4)
      throw new Error(`${file} is damaged: a chunk does not fit the rest.`);
    const values = new Float32Array(said.dimensions);
    new Uint8Array(values.buffer).set(bytes);
    return { ...chunk, document, vector: values };
  });
  return Object.freeze({ ...rest, embedder, documents, chunks: read });
}

function readBounded(file: string): string {
  const descriptor = openSync(file, "r");
  try {
    if (fstatSync(descriptor).size > limits.indexBytes)
      throw new Error(`${file} is larger than ${limits.indexBytes} bytes.`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
