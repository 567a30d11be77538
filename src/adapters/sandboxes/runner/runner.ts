import { spawn, type ChildProcess } from "node:child_process";
import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";

/**
 * Waits in a sandbox for one errand, and carries it out. It goes there as text, so it imports nothing of
 * ours; `src/sandbox/errand-wire.ts` says the same frames. What it says is not believed there: the program
 * may write to its streams, too.
 *
 * Files are read and written without threads, which may not be there any more when a program has ended.
 */
const fromHost = { errand: 1, file: 2, bytes: 3, go: 4 };
const toHost = {
  ready: 1,
  began: 2,
  stdout: 3,
  stderr: 4,
  exit: 5,
  file: 6,
  bytes: 7,
  removed: 8,
  over: 9,
  done: 10,
  refused: 11,
};

interface Wanted {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly keptBytes: number;
  readonly files: number;
  readonly fileBytes: number;
  readonly entries: number;
  readonly depth: number;
}

/** A file as it was laid out. */
interface Laid {
  readonly size: number;
  readonly digest: string;
  readonly isExecutable: boolean;
}

interface Open {
  readonly descriptor: number;
  readonly name: string;
  readonly hash: Hash;
  readonly isExecutable: boolean;
  size: number;
}

const chunkBytes = 64 * 1024 - 1;
/** For what a process that has left the program's group still holds open. */
const graceMs = 100;
/** Beside what its own temporary files lie in. */
const directory = path.join(process.cwd(), "work");
const laid = new Map<string, Laid>();
let wanted: Wanted | null = null;
let open: Open | null = null;

/** False: wait until it has drained. */
function send(kind: number, bytes: Uint8Array = new Uint8Array(0)): boolean {
  const frame = Buffer.allocUnsafe(5 + bytes.length);
  frame.writeUInt32BE(bytes.length + 1, 0);
  frame[4] = kind;
  frame.set(bytes, 5);
  return process.stdout.write(frame);
}

const drained = () => new Promise<void>((resolve) => process.stdout.once("drain", resolve));

function end(kind: number, bytes?: Uint8Array): void {
  send(kind, bytes);
  process.stdout.write("", () => process.exit(0));
}

/** Bytes of a name, whatever they are, as a key. */
const toKey = (name: Uint8Array): string => Buffer.from(name).toString("latin1");
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "EUNKNOWN";

function layOut(bytes: Buffer): void {
  finishFile();
  const isExecutable = bytes[0] === 1;
  const name = bytes.subarray(1);
  const file = path.join(directory, name.toString("utf8"));
  mkdirSync(path.dirname(file), { recursive: true });
  const descriptor = openSync(file, "wx", isExecutable ? 0o755 : 0o644);
  open = { descriptor, name: toKey(name), hash: createHash("sha256"), isExecutable, size: 0 };
}

function fill(bytes: Buffer): void {
  if (open === null) return;
  for (let at = 0; at < bytes.length;) at += writeSync(open.descriptor, bytes, at);
  open.hash.update(bytes);
  open.size += bytes.length;
}

function finishFile(): void {
  if (open === null) return;
  const { descriptor, name, hash, isExecutable, size } = open;
  closeSync(descriptor);
  laid.set(name, { size, digest: hash.digest("hex"), isExecutable });
  open = null;
}

function take(kind: number, bytes: Buffer): void {
  if (kind === fromHost.errand) wanted = JSON.parse(bytes.toString("utf8")) as Wanted;
  else if (kind === fromHost.file) layOut(bytes);
  else if (kind === fromHost.bytes) fill(bytes);
  else if (kind === fromHost.go) {
    finishFile();
    process.stdin.destroy();
    if (wanted !== null) begin(wanted);
  }
}

function begin(errand: Wanted): void {
  send(toHost.began);
  try {
    follow(start(errand), errand);
  } catch (error) {
    // Some of what Linux does not start is thrown, and some is told later.
    tellExit({ code: null, signal: null, error: codeOf(error), dropped: [0, 0] }, errand);
  }
}

function start({ command: [program = "", ...args], environment }: Wanted): ChildProcess {
  const search = `${process.env["PATH"] ?? ""}:${path.dirname(process.execPath)}`;
  return spawn(program, args, {
    cwd: directory,
    env: { ...process.env, PATH: search, PWD: directory, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: one stroke ends what it leaves.
    detached: true,
  });
}

function tellExit(exit: object, errand: Wanted): void {
  send(toHost.exit, Buffer.from(JSON.stringify(exit)));
  void collect(errand);
}

function follow(child: ChildProcess, errand: Wanted): void {
  const { keptBytes } = errand;
  if (child.pid !== undefined) makeFirstVictim(child.pid);
  const dropped = [
    carry(child, { kind: toHost.stdout, keptBytes }),
    carry(child, { kind: toHost.stderr, keptBytes }),
  ];
  const finish = (exit: object): void => {
    child.removeAllListeners();
    child.stdout?.destroy();
    child.stderr?.destroy();
    const counts = dropped.map((count) => count());
    tellExit({ ...exit, dropped: counts }, errand);
  };
  child.once("error", (error) => finish({ code: null, signal: null, error: codeOf(error) }));
  child.once("exit", (code, signal) => {
    endGroup(child.pid!);
    const exit = { code, signal, error: null };
    const late = setTimeout(finish, graceMs, exit);
    child.once("close", () => {
      clearTimeout(late);
      finish(exit);
    });
  });
}

/** When memory runs out, the program ends, and not whoever tells of it. */
function makeFirstVictim(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // There is no such thing here, or it has ended.
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

/** Sends what is said first and counts the rest, which it gives. */
function carry(
  child: ChildProcess,
  { kind, keptBytes }: { readonly kind: number; readonly keptBytes: number },
): () => number {
  const stream = kind === toHost.stdout ? child.stdout : child.stderr;
  let left = keptBytes;
  let dropped = 0;
  stream?.on("data", (chunk: Buffer) => {
    const kept = chunk.subarray(0, left);
    left -= kept.length;
    dropped += chunk.length - kept.length;
    for (let at = 0; at < kept.length; at += chunkBytes)
      if (!send(kind, kept.subarray(at, at + chunkBytes))) {
        stream.pause();
        void drained().then(() => stream.resume());
      }
  });
  return () => dropped;
}

type Most = Omit<Wanted, "command" | "environment" | "keptBytes">;

class Over extends Error {}

/** Sends what differs from what was laid out. */
async function collect(most: Most): Promise<void> {
  const left = { files: most.files, bytes: most.fileBytes };
  const missing = new Set(laid.keys());
  try {
    for (const name of listFiles(most)) {
      const key = toKey(name);
      const isThere = await sendFile(name, { before: laid.get(key), left });
      if (isThere) missing.delete(key);
    }
    for (const key of missing) send(toHost.removed, Buffer.from(key, "latin1"));
    end(toHost.done);
  } catch (error) {
    end(toHost.over, Buffer.from(error instanceof Over ? error.message : "unreadable"));
  }
}

const at = (name: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(directory), Buffer.from(name.length === 0 ? "" : "/"), name]);

/** Plain files by their names below the directory, in bytes. Links are not followed. */
function* listFiles({ entries, depth }: Most): Generator<Uint8Array> {
  const folders = [{ name: Buffer.alloc(0), depth: 1 }];
  let left = entries;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (folder.depth > depth) throw new Over("depth");
    // The types know names as text alone.
    const listing = opendirSync(at(folder.name), {
      encoding: "buffer" as BufferEncoding,
    });
    try {
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        left -= 1;
        if (left < 0) throw new Over("entries");
        const own = entry.name as unknown as Buffer;
        const before = folder.name.length === 0 ? [] : [folder.name, Buffer.from("/")];
        const name = Buffer.concat([...before, own]);
        if (entry.isDirectory()) folders.push({ name, depth: folder.depth + 1 });
        else if (entry.isFile()) yield name;
      }
    } finally {
      listing.closeSync();
    }
  }
}

interface Sending {
  readonly before: Laid | undefined;
  readonly left: { files: number; bytes: number };
}

/** Whether it is a plain file. */
async function sendFile(name: Uint8Array, { before, left }: Sending): Promise<boolean> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const descriptor = openSync(at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return false;
    const isExecutable = (stats.mode & 0o100) !== 0;
    const isSame =
      before?.isExecutable === isExecutable &&
      before.size === stats.size &&
      before.digest === toDigest(descriptor);
    if (isSame) return true;
    left.files -= 1;
    if (left.files < 0) throw new Over("files");
    if (stats.size > left.bytes) throw new Over("bytes");
    send(toHost.file, Buffer.concat([Buffer.from([isExecutable ? 1 : 0]), name]));
    for (const chunk of readAll(descriptor)) {
      left.bytes -= chunk.length;
      if (left.bytes < 0) throw new Over("bytes");
      if (!send(toHost.bytes, chunk)) await drained();
    }
    return true;
  } finally {
    closeSync(descriptor);
  }
}

const buffer = Buffer.allocUnsafe(chunkBytes);

function* readAll(descriptor: number): Generator<Buffer> {
  for (let position = 0; ;) {
    const read = readSync(descriptor, buffer, 0, chunkBytes, position);
    if (read === 0) return;
    position += read;
    yield buffer.subarray(0, read);
  }
}

function toDigest(descriptor: number): string {
  const hash = createHash("sha256");
  for (const chunk of readAll(descriptor)) hash.update(chunk);
  return hash.digest("hex");
}

let held: Buffer = Buffer.alloc(0);

process.stdin.on("data", (chunk: Buffer) => {
  held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
  try {
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      const frame = held.subarray(4, 4 + held.readUInt32BE(0));
      held = held.subarray(4 + frame.length);
      take(frame[0] ?? 0, frame.subarray(1));
    }
  } catch (error) {
    // Nothing is begun any more, whatever still comes.
    process.stdin.destroy();
    end(toHost.refused, Buffer.from(codeOf(error)));
  }
});
// Whoever would send it is gone.
process.stdin.on("end", () => process.exit(0));

mkdirSync(directory);
// Once, so that what Node does at the first start of a program is done before somebody waits for it.
spawn("/", { stdio: ["ignore", "pipe", "pipe"] }).once("error", () => send(toHost.ready));
