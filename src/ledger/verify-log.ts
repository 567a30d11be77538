import { openNote, parseVerifierKey } from "./checkpoint.ts";
import { compareTile } from "./compare-tile.ts";
import { createUseJudge, type UseJudge } from "./judge-uses.ts";
import { parseCheckpoint, Refusal, type Checkpoint } from "./signed-head.ts";
import { tileWidth } from "./tiles.ts";
import {
  hashLength,
  appendLeaves,
  emptyFrontier,
  toFrontierRoot,
  toLeaf,
  type Frontier,
} from "./tree.ts";

/** A log as whoever checks it reads it: page by page, from the one who is not trusted. */
export interface LogSource {
  readonly epochs: readonly {
    readonly epoch: number;
    readonly origin: string;
    readonly size: number;
  }[];
  /** Tiles of leaves from this one on, as many as come at once; none behind the last. */
  read(epoch: number, fromTile: number): Promise<readonly SourceTile[]>;
}

export interface SourceTile {
  readonly index: number;
  /** Leaf hashes as they were taken in. */
  readonly hashes: Uint8Array;
  /** Entries as they are now. */
  readonly entries: readonly { readonly id: string; readonly bytes: Uint8Array }[];
}

export interface Finding {
  readonly kind:
    | "altered"
    | "dropped"
    | "inserted"
    | "moved"
    | "cut"
    | "rewritten"
    | "reused"
    | "note";
  readonly origin: string;
  /** Of a leaf, where it is known. */
  readonly index: number | null;
  readonly id: string | null;
  readonly text: string;
}

export interface LogReport {
  readonly verified: boolean;
  /** Entries whose bytes were looked at. */
  readonly entries: number;
  readonly checkpoints: readonly {
    readonly origin: string;
    readonly size: number;
    readonly holds: boolean;
  }[];
  readonly findings: readonly Finding[];
  /** Epochs that say of themselves that they began after a restore. */
  readonly restores: readonly string[];
}

/** Entries of one epoch that are named; what the checkpoints say is said of all of them. */
const maxNamed = 1_000;

export interface VerifyOptions {
  /** Notes; each has to be signed by one of the keys. */
  readonly notes: readonly string[];
  readonly keys: readonly string[];
}

/** Recomputes every root from the entries' own bytes and compares it with what was signed. */
export async function verifyLog(source: LogSource, options: VerifyOptions): Promise<LogReport> {
  const findings: Finding[] = [];
  const signed = await openAll(options, findings);
  const reports = [];
  const uses = createUseJudge();
  // From the oldest on, in whatever order they are shown: what was used or denied before is known then.
  for (const epoch of source.epochs.toSorted((one, next) => one.epoch - next.epoch)) {
    const own = signed.filter(({ origin }) => origin === epoch.origin);
    reports.push(await verifyEpoch(source, { epoch, signed: own, uses }));
  }
  const known = new Set(source.epochs.map(({ origin }) => origin));
  for (const { origin, size } of signed.filter((each) => !known.has(each.origin)))
    findings.push(
      toFinding("cut", origin, `The server knows nothing of it; it was signed at size ${size}.`),
    );
  findings.push(...reports.flatMap((report) => report.findings));
  return {
    verified: findings.length === 0,
    entries: reports.reduce((sum, { entries }) => sum + entries, 0),
    checkpoints: reports.flatMap(({ checkpoints }) => checkpoints),
    findings,
    restores: reports.flatMap(({ restore }) => restore ?? []),
  };
}

/** Checkpoints from the smallest to the largest, each once. */
async function openAll(
  { notes, keys }: VerifyOptions,
  findings: Finding[],
): Promise<readonly Checkpoint[]> {
  const trusted = await Promise.all([...new Set(keys)].map(parseVerifierKey));
  const opened = new Map<string, Checkpoint>();
  for (const [at, note] of [...new Set(notes)].entries()) {
    try {
      const { body } = await openNote(note, trusted);
      opened.set(body, parseCheckpoint(body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const text = `Checkpoint ${at + 1} cannot be believed: ${error.place}: ${error.message}.`;
      findings.push(toFinding("note", note.split("\n", 1)[0]!.slice(0, 200), text));
    }
  }
  return [...opened.values()].toSorted((one, other) => one.size - other.size);
}

interface EpochReport {
  readonly entries: number;
  readonly findings: readonly Finding[];
  readonly checkpoints: LogReport["checkpoints"];
  readonly restore: string | null;
}

interface Verified {
  readonly epoch: LogSource["epochs"][number];
  readonly signed: readonly Checkpoint[];
  /** Of all epochs together. */
  readonly uses: UseJudge;
}

async function verifyEpoch(source: LogSource, of: Verified): Promise<EpochReport> {
  const { epoch, origin } = of.epoch;
  const findings: Finding[] = [];
  const [fromEntries, fromTiles] = [createRoots(of.signed), createRoots(of.signed)];
  let restore: string | null = null;
  // The one who is read from is not trusted: its log ends where it says that it does.
  for (let tile = 0; tile * tileWidth < of.epoch.size;) {
    const page = await source.read(epoch, tile);
    if (page.length === 0) break;
    for (const { index, hashes, entries } of page) {
      if (index !== tile) throw new Error(`the server skipped tile ${tile} of ${origin}`);
      const leaves = entries.map(({ bytes }) => toLeaf(bytes));
      fromEntries.append(leaves);
      fromTiles.append(split(hashes));
      if (index === 0 && entries[0] !== undefined) restore = readRestore(entries[0].bytes, origin);
      for (const found of compareTile({ index, hashes, entries, leaves }))
        if (findings.length < maxNamed) findings.push({ ...found, origin });
      for (const found of judgeUses(of.uses, index, entries))
        if (findings.length < maxNamed) findings.push({ ...found, origin });
      tile += 1;
    }
  }
  const judged = judge(of, fromEntries, fromTiles);
  return {
    entries: fromEntries.size(),
    findings: [...findings, ...judged.findings],
    checkpoints: judged.checkpoints,
    restore,
  };
}

function judgeUses(
  uses: UseJudge,
  tile: number,
  entries: SourceTile["entries"],
): readonly Omit<Finding, "origin">[] {
  return entries.flatMap(({ id, bytes }, at) => {
    const text = uses.judge(bytes);
    return text === null ? [] : [{ kind: "reused", index: tile * tileWidth + at, id, text }];
  });
}

function judge(
  { epoch, signed }: Verified,
  fromEntries: Roots,
  fromTiles: Roots,
): Pick<EpochReport, "findings" | "checkpoints"> {
  const findings: Finding[] = [];
  const checkpoints: { origin: string; size: number; holds: boolean }[] = [];
  let lastGood = 0;
  let firstBad: number | null = null;
  for (const { origin, size, root } of signed) {
    const holds = fromEntries.rootAt(size) === root;
    checkpoints.push({ origin, size, holds });
    if (holds && firstBad === null) lastGood = size;
    if (holds || firstBad !== null) continue;
    firstBad = size;
    const end = Math.min(fromEntries.size(), epoch.size);
    if (end < size) {
      const text = `The log ends at ${end}; a checkpoint of size ${size} was signed: ${size - end} entries are gone.`;
      findings.push({ ...toFinding("cut", origin, text), index: end });
    } else if (fromTiles.rootAt(size) !== root) {
      const text = `Between the sizes ${lastGood} and ${size} the log was altered, and its tree was written anew to fit.`;
      findings.push({ ...toFinding("rewritten", origin, text), index: lastGood });
    } else {
      const text = `Between the sizes ${lastGood} and ${size} entries are not what was signed.`;
      findings.push({ ...toFinding("rewritten", origin, text), index: lastGood });
    }
  }
  return { findings, checkpoints };
}

type Roots = ReturnType<typeof createRoots>;

/** Roots at the sizes of the checkpoints, while leaves go by. In hex. */
function createRoots(signed: readonly Checkpoint[]) {
  const sizes = [...new Set(signed.map(({ size }) => size))];
  const roots = new Map<number, string>();
  let frontier: Frontier = emptyFrontier;
  return {
    append(leaves: readonly Uint8Array[]): void {
      let at = 0;
      const end = frontier.size + leaves.length;
      for (const size of sizes.filter((each) => each > frontier.size && each <= end)) {
        const next = leaves.slice(at, at + size - frontier.size);
        at += next.length;
        frontier = appendLeaves(frontier, next);
        roots.set(size, Buffer.from(toFrontierRoot(frontier)).toString("hex"));
      }
      frontier = appendLeaves(frontier, leaves.slice(at));
    },
    size: () => frontier.size,
    rootAt: (size: number): string | null =>
      size === 0
        ? Buffer.from(toFrontierRoot(emptyFrontier)).toString("hex")
        : (roots.get(size) ?? null),
  };
}

function toFinding(kind: Finding["kind"], origin: string, text: string): Finding {
  return { kind, origin, index: null, id: null, text };
}

function split(hashes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: Math.floor(hashes.length / hashLength) }, (_, at) =>
    hashes.subarray(at * hashLength, (at + 1) * hashLength),
  );
}

/** What the first leaf of a later epoch says of the one before. */
function readRestore(bytes: Uint8Array, origin: string): string | null {
  try {
    const { kind, replica } = JSON.parse(new TextDecoder().decode(bytes)) as Record<
      string,
      unknown
    >;
    const isRestore =
      kind === "gap" && typeof replica === "string" && replica.startsWith("restore:");
    return isRestore ? `${origin} began after ${replica}` : null;
  } catch {
    return null;
  }
}
