import { chmod, mkdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { KeyRole } from "../authority/keyring.ts";
import { Fault } from "../model/fault.ts";
import type { Random } from "../ports/random.ts";
import { writeOnce } from "./write-once.ts";

/**
 * The last five open no door: one seals what clients carry for us, one wraps stored secrets, one
 * signs agents' tokens, one their cards, one signs checkpoints.
 */
type KeyUse = KeyRole | "sealing" | "vault" | "agent" | "card" | "ledger";

/** A key of this user's server, in the user's configuration directory and nowhere else. */
export interface KeyFile {
  readonly role: KeyUse;
  readonly file: string;
  readonly key: string;
  /** Made just now. */
  readonly made: boolean;
}

const keyShape = /^csk_[A-Za-z0-9_-]{43}$/;

export function toKeyPath(configDirectory: string, role: KeyUse): string {
  return path.join(configDirectory, `${role}.key`);
}

/** Reads the key, or makes one. Two servers that start together end up with the same. */
export async function ensureKeyFile(
  { configDirectory, random }: { readonly configDirectory: string; readonly random: Random },
  role: KeyUse,
): Promise<KeyFile> {
  const file = toKeyPath(configDirectory, role);
  try {
    const found = await readKeyFile(file);
    if (found !== null) return { role, file, key: found, made: false };
    const key = `csk_${Buffer.from(random.bytes(32)).toString("base64url")}`;
    await mkdir(configDirectory, { recursive: true, mode: 0o700 });
    await chmod(configDirectory, 0o700);
    const draft = `${file}.${Buffer.from(random.bytes(8)).toString("hex")}`;
    const made = await writeOnce({ file, draft, flag: "wx" }, `${key}\n`);
    return { role, file, key: made ? key : (await readKeyFile(file))!, made };
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new Fault("keys_unusable", `The ${role} key cannot be kept in ${file} (${code}).`, {
      cause,
      details: { file },
    });
  }
}

/** Null when there is none. A file that others may read is refused: its key is known to them. */
export async function readKeyFile(file: string): Promise<string | null> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (found === null) return null;
  if ((found.mode & 0o077) !== 0 && process.platform !== "win32") {
    const mode = (found.mode & 0o777).toString(8);
    throw new Fault("keys_unusable", `${file} is open to other users (mode ${mode}).`, {
      details: { file, mode },
    });
  }
  const key = (await readFile(file, "utf8")).trim();
  if (!keyShape.test(key)) {
    throw new Fault("keys_unusable", `${file} does not hold a key; remove it to have one made.`, {
      details: { file },
    });
  }
  return key;
}
