import { writeFileSync } from "node:fs";
import path from "node:path";
import { startChild, type Child } from "./child.ts";
import { retryUntil, type Patience } from "./patience.ts";
import { Stopped } from "./stopped.ts";

export interface CountersignOptions {
  readonly directory: string;
  readonly file: string;
  /** Takes the place of the document's. */
  readonly listen: string | null;
  readonly log: string;
  readonly patience: Patience;
}

export interface Countersign {
  readonly url: string;
  readonly keys: readonly KeyPlace[];
  readonly child: Child;
}

export interface KeyPlace {
  readonly role: string;
  readonly place: string;
  readonly made: boolean;
}

/** Names the process of Countersign for servers that end after it. */
export function toPidFile(directory: string): string {
  return path.join(directory, ".travel", "countersign.pid");
}

const program = path.join(import.meta.dirname, "..", "..", "..", "bin", "countersign.js");
const preload = new URL("end-with-parent.ts", import.meta.url).href;

/** `countersign up`, until it is ready. */
export function startCountersign(options: CountersignOptions): Promise<Countersign> {
  return retryUntil(options.patience, () => startOnce(options));
}

async function startOnce(options: CountersignOptions): Promise<Countersign> {
  const { directory, file, listen, log } = options;
  const ready = Promise.withResolvers<Omit<Countersign, "child">>();
  let failure: Failure | null = null;
  const child = startChild({
    args: [
      "--import",
      preload,
      program,
      "up",
      "--json",
      "--file",
      file,
      ...(listen === null ? [] : ["--listen", listen]),
    ],
    directory,
    log,
    onLine: (line) => {
      const { event, error, url, keys } = line;
      if (event === "ready") ready.resolve({ url: String(url), keys: keys as readonly KeyPlace[] });
      if (error !== undefined) failure = error as Failure;
    },
  });
  writeFileSync(toPidFile(directory), String(child.pid));
  const started = await Promise.race([ready.promise, child.ended.then(() => null)]);
  if (started !== null) return { ...started, child };
  throw new Stopped([...(failure === null ? [] : toLines(failure)), `The log: ${log}`].join("\n"));
}

/** As `up --json` says why it does not start. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: {
    readonly problems?: readonly { line: number; column: number; key: string; message: string }[];
  };
}

function toLines({ code, message, hint, details }: Failure): readonly string[] {
  const places = details.problems ?? [];
  const where = places.map((each) => `  ${each.line}:${each.column} ${each.key} ${each.message}`);
  const here = code === "address_unusable" ? ["Here: npm start -- --listen 127.0.0.1:7171"] : [];
  return [message, ...where, hint, ...here];
}
