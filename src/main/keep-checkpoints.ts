import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { readNote, splitNotes } from "../ledger/ledger-keys.ts";
import { createKeyedSerial } from "../lib/keyed-serial.ts";
import { Fault } from "../model/fault.ts";
import { tenantIdSchema, type TenantId } from "../model/index.ts";
import type { Checkpoints } from "../ports/checkpoints.ts";
import type { Clock } from "../ports/clock.ts";

export interface KeepOptions {
  readonly directory: string;
  readonly clock: Clock;
}

/** The latest note alone would not say when a log was altered. */
const historyEveryMs = 10 * 60_000;
const historyNotes = 10_000;
/** As long as a note may be. */
const maxNoteBytes = 16_384;
const maxWaiting = 100;
const latestName = ".checkpoint";
const historyName = ".history";

/**
 * Checkpoints as files, for this user's eyes: `TENANT.checkpoint`, the latest one, and
 * `TENANT.history`, one each ten minutes. Both are notes as anybody can verify them.
 */
export async function keepCheckpoints({ directory, clock }: KeepOptions): Promise<Checkpoints> {
  const serial = createKeyedSerial(
    maxWaiting,
    () => new Fault("store_busy", "Too many checkpoints of one log wait to be kept."),
  );
  const toFile = (tenant: TenantId, name: string): string =>
    path.join(directory, `${tenant}${name}`);
  await attempt(directory, () => mkdir(directory, { recursive: true, mode: 0o700 }));

  async function keep(tenant: TenantId, note: string): Promise<void> {
    const file = toFile(tenant, latestName);
    const before = readNote((await readText(file)) ?? "");
    const next = readNote(note);
    if (next === null) throw new Error("what is to be kept is not a checkpoint");
    // Another process that wrote the same log was further: what it kept says more.
    if (before !== null && isBehind(next, before)) return;
    await replace(file, note);
    const history = toFile(tenant, historyName);
    // Of a clock that went back, too: a time that is yet to come would hold it up until then.
    if (Math.abs(clock.nowMs() - (await readChangedMs(history))) >= historyEveryMs)
      await append(history, note);
  }

  return {
    latest: (tenant) => attempt(directory, () => readText(toFile(tenant, latestName))),
    async tenants() {
      const names = await attempt(directory, () => readdir(directory));
      return names.flatMap((name) => {
        const tenant = tenantIdSchema.safeParse(name.slice(0, -latestName.length));
        return name.endsWith(latestName) && tenant.success ? [tenant.data] : [];
      });
    },
    keep: (tenant, note) => serial(tenant, () => attempt(directory, () => keep(tenant, note))),
  };
}

interface Sized {
  readonly epoch: number;
  readonly size: number;
}

function isBehind(next: Sized, before: Sized): boolean {
  return next.epoch < before.epoch || (next.epoch === before.epoch && next.size < before.size);
}

async function readText(file: string): Promise<string | null> {
  try {
    const text = await readFile(file, "utf8");
    if (text.length > maxNoteBytes) throw new Fault("record_unreadable", `${file} is too long.`);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function readChangedMs(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Number.NEGATIVE_INFINITY;
    throw error;
  }
}

/** Whole, and on the disk, before it takes the place of the one before. */
async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  try {
    await writeFlushed(draft, text, "w");
    await rename(draft, file);
    await flushDirectory(path.dirname(file));
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * Notes one after the other with an empty line between; the oldest go when there are too many. What a full
 * disk or a crash left of a note goes first: the next one would be read as a part of it.
 */
async function append(file: string, note: string): Promise<void> {
  const text = await readHistory(file);
  const notes = splitNotes(text).filter((each) => wholeNote.test(each));
  const isWhole = text === notes.map((each) => `${each}\n`).join("");
  if (isWhole && notes.length < historyNotes) return writeFlushed(file, `${note}\n`, "a");
  const most = notes.length < historyNotes ? notes.length : Math.floor(historyNotes * 0.9) - 1;
  const kept = [...notes.slice(notes.length - most), note];
  await replace(file, kept.map((each) => `${each}\n`).join(""));
}

/** To the end of its last signature. */
const wholeNote = /\n\n(?:\u2014 [^\n]+\n)+$/;

async function readHistory(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

async function writeFlushed(file: string, text: string, flag: "w" | "a"): Promise<void> {
  const handle = await open(file, flag, 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function attempt<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof Fault || code === undefined) throw cause;
    throw new Fault(
      "checkpoints_unusable",
      `Checkpoints cannot be kept in ${directory} (${code}).`,
      {
        cause,
        details: { directory },
      },
    );
  }
}
