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

const program = path.join(import.meta.dirname, "..", "..", "..", "bin", "countersign.js");
const preload = new URL("end-with-parent.ts", import.meta.url).href;

/** `countersign up`, until it is ready. */
export function startCountersign(options: CountersignOptions): Promise<Countersign> {
  return retryUntil(options.patience, () => startOnce(options));
}

async function startOnce(options: CountersignOptions): Promise<Countersign> {
  const { directory, file, listen, log } = options;
  const ready = Promise.withResolvers<Omit<Countersign, "child">>();
  let failure: { message: string; hint: string } | null = null;
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
      if (error !== undefined) failure = error as typeof failure;
    },
  });
  const started = await Promise.race([ready.promise, child.ended.then(() => null)]);
  if (started !== null) return { ...started, child };
  const { message, hint } = failure ?? { message: "Countersign did not start.", hint: "" };
  throw new Stopped([message, hint, `Its log: ${log}`].filter((each) => each !== "").join("\n"));
}
