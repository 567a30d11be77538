import { createKeyedSerial } from "../../lib/keyed-serial.ts";
import { parseStrictJson } from "../../lib/strict-json.ts";
import {
  Fault,
  toCanonicalBytes,
  toDigest,
  toPrincipalKey,
  toSubjectKey,
  type Digest,
  type Principal,
  type RunId,
} from "../../model/index.ts";
import {
  changeManifest,
  emptyManifest,
  manifestSchema,
  toManifestDigest,
  type Manifest,
  type WorkFileEntry,
  type WorkspaceBounds,
} from "../../model/workspace.ts";
import type { Clock } from "../../ports/clock.ts";
import type { WorkChanges, WorkFile } from "../../ports/errands.ts";
import type { SealedBytes } from "../../ports/openings.ts";
import type { TenantHash } from "../../ports/tenant-hash.ts";
import {
  workspaceLimits,
  type WorkspaceKey,
  type WorkspaceRows,
} from "../../ports/workspace-rows.ts";

export interface WorkspacesOptions {
  readonly rows: WorkspaceRows;
  readonly sealed: SealedBytes;
  readonly hashes: TenantHash;
  readonly clock: Clock;
}

/** Whose workspace: the run's, or the principal's outside of runs. */
export interface Whose {
  readonly server: string;
  readonly principal: Principal;
  readonly run: RunId | null;
}

/** All files at one moment. Bytes are read when they are asked for. */
export interface WorkspaceState {
  readonly manifest: Manifest;
  readonly digest: Digest;
}

export interface Changing {
  readonly bounds: WorkspaceBounds;
  /** The call's: a change under a key that is known was made already. Null: it has none. */
  readonly callKey: string | null;
  /** Asked for each state anew, when another change was first. */
  readonly plan: (open: OpenWorkspace) => Promise<WorkChanges | { readonly refused: string }>;
}

export type Changed =
  | { readonly kind: "changed"; readonly before: Digest; readonly after: Digest }
  /** Nothing was changed; the words are for the model. */
  | { readonly kind: "refused"; readonly why: string; readonly digest: Digest }
  | { readonly kind: "repeated"; readonly digest: Digest };

/** A state with its bytes at hand, as long as it is the newest. */
export interface OpenWorkspace extends WorkspaceState {
  read(files: readonly WorkFileEntry[]): Promise<readonly WorkFile[]>;
}

/** Files of tools, kept in the store: whichever replica the next call comes to, it finds the same. */
export interface Workspaces {
  /** What is made of a state that was replaced meanwhile is made again of the newer one. */
  look<Seen>(whose: Whose, look: (open: OpenWorkspace) => Promise<Seen>): Promise<Seen>;
  wasChangedBy(whose: Whose, callKey: string): Promise<boolean>;
  change(whose: Whose, changing: Changing): Promise<Changed>;
}

/** Replicas that change one workspace at the same time; here they stand in a row. */
const maxTries = 16;
const maxWaiting = 256;

class Replaced extends Error {}

interface Read extends WorkspaceState {
  readonly version: number;
  readonly calls: readonly string[];
}

export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const inRow = createKeyedSerial(maxWaiting, toBusy);
  return {
    look: (whose, look) => tryAgain(async () => look(await open(options, whose))),
    async wasChangedBy(whose, callKey) {
      return (await read(options, whose)).calls.includes(callKey);
    },
    change(whose, changing) {
      const { tenant, server, owner } = toKey(whose);
      return inRow([tenant, server, owner].join("\n"), () =>
        tryAgain(() => changeOnce(options, whose, changing)),
      );
    },
  };
}

async function tryAgain<Done>(attempt: () => Promise<Done>): Promise<Done> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Replaced)) throw error;
    }
  }
  throw toBusy();
}

/** Nothing was changed by then. */
function toBusy(): Fault {
  return new Fault("upstream_busy", "Too many calls change this workspace at once.");
}

async function changeOnce(
  options: WorkspacesOptions,
  whose: Whose,
  { bounds, callKey, plan }: Changing,
): Promise<Changed> {
  const before = await open(options, whose);
  const { digest } = before;
  if (callKey !== null && before.calls.includes(callKey)) return { kind: "repeated", digest };
  const planned = await plan(before);
  if ("refused" in planned) return { kind: "refused", why: planned.refused, digest };
  const written = planned.written.map(toEntry);
  const { removed } = planned;
  const next = changeManifest(before.manifest, { written, removed }, bounds);
  if (next.kind === "refused") return { kind: "refused", why: next.why, digest };
  const after = toManifestDigest(next.manifest);
  if (after === digest) return { kind: "changed", before: digest, after };
  const change = { before, manifest: next.manifest, files: planned.written, callKey };
  await put(options, whose, change);
  return { kind: "changed", before: digest, after };
}

function toEntry({ path, bytes, isExecutable }: WorkFile): WorkFileEntry {
  return { path, digest: toDigest(bytes), size: bytes.byteLength, isExecutable };
}

function toKey({ server, principal, run }: Whose): WorkspaceKey {
  const owner = run ?? toDigest(toPrincipalKey(principal));
  return { tenant: principal.tenant, server, owner };
}

async function read({ rows, sealed }: WorkspacesOptions, whose: Whose): Promise<Read> {
  const key = toKey(whose);
  const row = await rows.get(key);
  if (row === null) return { ...empty, version: 0, calls: [] };
  const { version, calls } = row;
  const bytes = await sealed.open(toPlace(key, row.manifest), row.bytes);
  const parsed = bytes === null ? null : parseStrictJson(bytes);
  if (parsed?.kind !== "parsed") throw unreadable();
  const manifest = manifestSchema.parse(parsed.value);
  return { manifest, digest: toManifestDigest(manifest), version, calls };
}

const empty: WorkspaceState = Object.freeze({
  manifest: emptyManifest,
  digest: toManifestDigest(emptyManifest),
});

async function open(options: WorkspacesOptions, whose: Whose): Promise<Read & OpenWorkspace> {
  const state = await read(options, whose);
  return { ...state, read: (files) => readFiles(options, whose, files) };
}

async function readFiles(
  options: WorkspacesOptions,
  whose: Whose,
  files: readonly WorkFileEntry[],
): Promise<readonly WorkFile[]> {
  if (files.length === 0) return [];
  const key = toKey(whose);
  const ids = await Promise.all(files.map(({ digest }) => toBlobId(options, key, digest)));
  const found = await options.rows.blobs(key, [...new Set(ids)]);
  const reading = files.map(async ({ path, digest, isExecutable }, at) => {
    const id = ids[at]!;
    const stored = found.get(id);
    if (stored === undefined) throw new Replaced();
    const bytes = await options.sealed.open(toPlace(key, id), stored);
    if (bytes === null || toDigest(bytes) !== digest) throw unreadable();
    return { path, bytes, isExecutable };
  });
  return Promise.all(reading);
}

interface Putting {
  readonly before: Read;
  readonly manifest: Manifest;
  readonly files: readonly WorkFile[];
  readonly callKey: string | null;
}

async function put(
  options: WorkspacesOptions,
  whose: Whose,
  { before, manifest, files, callKey }: Putting,
): Promise<void> {
  const { rows, sealed, clock } = options;
  const key = toKey(whose);
  const had = new Set(before.manifest.files.map(({ digest }) => digest));
  const blobs = new Map<Digest, Uint8Array>();
  for (const { bytes } of files) {
    const digest = toDigest(bytes);
    if (had.has(digest)) continue;
    const id = await toBlobId(options, key, digest);
    if (!blobs.has(id)) blobs.set(id, await sealed.seal(toPlace(key, id), bytes));
  }
  const own = await toBlobId(options, key, toManifestDigest(manifest));
  blobs.set(own, await sealed.seal(toPlace(key, own), toCanonicalBytes(manifest)));
  const named = new Set(manifest.files.map(({ digest }) => digest));
  const keeps = await Promise.all([...named].map((digest) => toBlobId(options, key, digest)));
  const outcome = await rows.put({
    key,
    run: whose.run,
    subject: toSubjectKey(whose.principal),
    version: before.version,
    manifest: own,
    blobs,
    keeps: [own, ...keeps],
    calls: [...(callKey === null ? [] : [callKey]), ...before.calls].slice(
      0,
      workspaceLimits.calls,
    ),
    nowMs: clock.nowMs(),
  });
  if (outcome === "stale") throw new Replaced();
}

/** Whoever sees the store cannot try guesses on what a file holds. */
async function toBlobId(
  { hashes }: WorkspacesOptions,
  { tenant }: WorkspaceKey,
  digest: Digest,
): Promise<Digest> {
  return hashes.hash(tenant, "workspace-blob", [digest]);
}

/** Not bound to the owner: a fork has the files of the run that it came from. */
function toPlace({ tenant }: WorkspaceKey, id: Digest) {
  return { tenant, what: `workspace:${id}` };
}

function unreadable(): Fault {
  return new Fault("record_unreadable", "A file of the workspace was altered, or its key is gone.");
}
