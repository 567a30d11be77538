import type { CliParts, LintedSkills, SandboxSetup, ServeEvent } from "../src/cli/context.ts";
import { runCli } from "../src/cli/run-cli.ts";
import type { Client } from "../src/client/client.ts";
import type { ReadStream } from "../src/client/read-stream.ts";
import type { Check } from "../src/model/check.ts";

export interface Script {
  readonly lintSkills?: LintedSkills;
  /** What is piped in; absent: a terminal. */
  readonly input?: string;
  readonly variables?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly client?: Partial<Client>;
  readonly readStream?: ReadStream;
  readonly checks?: readonly Check[];
  readonly events?: readonly ServeEvent[];
  readonly hasColor?: boolean;
  /** Each look at the clock is so much later; absent: a second. */
  readonly lookMs?: number;
  readonly setup?: SandboxSetup;
  /** A person at both ends. */
  readonly isInteractive?: boolean;
}

const noSetup = () => {
  throw new Error("no setup here");
};

const noStream: ReadStream = () => {
  throw new Error("no stream here");
};

/** One command line over scripted parts: what came out where. */
export async function callCli(line: string, script: Script = {}) {
  const files = { ...script.files };
  let out = "";
  let err = "";
  let nowMs = 0;
  /** The key that each connection was opened with. */
  const connected: string[] = [];
  const slept: number[] = [];
  const parts: CliParts = {
    version: "1.2.3",
    node: "v24.0.0",
    streams: {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      isInteractive: script.isInteractive ?? false,
      hasColor: script.hasColor ?? false,
    },
    input: {
      isTerminal: script.input === undefined,
      read: async () => script.input ?? "",
      variable: (name) => script.variables?.[name],
    },
    files: {
      read: async (file) => files[file] ?? null,
      write: async (file, text, { overwrite }) => {
        if (!overwrite && file in files) return "exists";
        files[file] = text;
        return "written";
      },
    },
    connect: async (_url, as) => {
      connected.push(as ?? "admin");
      return {
        url: "http://127.0.0.1:7070",
        client: script.client as Client,
        readStream: script.readStream ?? noStream,
      };
    },
    clock: {
      monotonicMs: () => (nowMs += script.lookMs ?? 1_000),
      sleep: async (ms) => void slept.push(ms),
    },
    fraction: () => 0.5,
    editConfig: (text) => text,
    namesOf: () => [],
    places: { home: "/home/me", platform: "linux", appData: null },
    secretsDirectory: "/home/me/secrets",
    program: ["node", "countersign.js"],
    bridge: async () => undefined,
    serve: async ({ onEvent }) => {
      for (const event of script.events ?? []) onEvent(event);
      return 0;
    },
    openSandboxSetup: async () => script.setup ?? { lines: [], carryOut: noSetup },
    lintSkills: async () => script.lintSkills ?? { skills: [], findings: [] },
    verifierPage: async () => "<!doctype html>",
    async *diagnose() {
      yield* script.checks ?? [];
    },
  };
  const code = await runCli(
    line.split(" ").filter((word) => word !== ""),
    parts,
  );
  return {
    code,
    out,
    err,
    files,
    connected,
    slept,
    json: () => JSON.parse(out) as Record<string, unknown>,
  };
}
