import path from "node:path";
import type { Config } from "../model/config.ts";
import { Fault } from "../model/index.ts";
import { checkAtStart, readDocument } from "./read-document.ts";
import { createFilesReading } from "./fill-config.ts";
import { createSkillShelf } from "./skill-shelf.ts";
import { readBounded } from "./read-bounded.ts";

/** The configuration as the process starts with it. */
export interface StartConfig {
  readonly document: string;
  readonly config: Config;
  /** As it is called in messages; null when the defaults hold. */
  readonly file: string | null;
  /** Which relative paths in it are meant from. */
  readonly directory: string;
}

/** Hundreds of servers fit; what is larger is another file. */
const maxBytes = 16 * 1024 * 1024;
const defaultFile = "countersign.yaml";
/** What a file says that is not there. */
const defaultDocument = "version: 1\n";

/** A file that is named must be there; the one of the usual name may be absent. */
export async function readConfig(cwd: string, given: string | undefined): Promise<StartConfig> {
  const file = given ?? defaultFile;
  const place = path.resolve(cwd, file);
  const text = await readText(place, file);
  if (text === null && given !== undefined) {
    throw new Fault("usage_invalid", `${file} is not there.`, { details: { file } });
  }
  const document = text ?? defaultDocument;
  const parsed = await readDocument(
    document,
    checkAtStart,
    // What is wrong is said before anything starts; what is read is read again to be kept.
    createFilesReading({
      directory: path.dirname(place),
      shelf: createSkillShelf(),
      onWarnings: () => undefined,
    }),
  );
  if (parsed.kind === "invalid") {
    const { problems } = parsed;
    const count = problems.length === 1 ? "One thing is" : `${problems.length} things are`;
    throw new Fault("config_invalid", `${count} wrong in ${file}.`, {
      details: { file, problems },
    });
  }
  return {
    document,
    config: parsed.revision.config,
    file: text === null ? null : file,
    directory: path.dirname(place),
  };
}

async function readText(place: string, file: string): Promise<string | null> {
  try {
    const bytes = await readBounded(place, maxBytes);
    if (bytes === null) throw new Fault("payload_too_large", `${file} is too large.`);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return null;
    const why = cause instanceof TypeError ? "is not UTF-8" : `cannot be read (${code})`;
    throw new Fault("usage_invalid", `${file} ${why}.`, { cause, details: { file } });
  }
}
