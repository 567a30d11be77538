import { createInterface } from "node:readline";
import { systemClock } from "../adapters/system/system-clock.ts";
import { bridge } from "../client/bridge.ts";
import { Fault } from "../model/fault.ts";
import type { Environment } from "./environment.ts";
import { readKeyFile, toKeyPath } from "./key-files.ts";

const againMs = 1_000;

/** A desktop client at our standard streams, the gate at the other end, until the client leaves. */
export async function runBridge(environment: Environment, url: URL): Promise<void> {
  const file = toKeyPath(environment.configDirectory, "caller");
  const key = environment.apiKey ?? (await readKeyFile(file));
  if (key === null) {
    throw new Fault(
      "unauthenticated",
      `There is no caller key in ${file}; \`countersign up\` makes one.`,
    );
  }
  const { stdin, stdout } = process;
  const lines = createInterface({ input: stdin, crlfDelay: Infinity, terminal: false });
  // A client that is gone reads nothing more: the end of our input follows.
  stdout.on("error", () => lines.close());
  await bridge({
    url,
    key,
    fetch: (target, init) => fetch(target, { ...init, redirect: "error" }),
    lines,
    write: (line) => void stdout.write(`${line}\n`),
    pause: (signal) => systemClock.sleep(againMs, signal),
  });
}
