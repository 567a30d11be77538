import { readFileSync } from "node:fs";
import path from "node:path";
import { systemClock } from "../adapters/system/system-clock.ts";
import { systemRandom } from "../adapters/system/system-random.ts";
import { editConfig, namesOf } from "../adapters/yaml/edit-config.ts";
import { runCli } from "../cli/run-cli.ts";
import { connect, findServer } from "./connect.ts";
import { readEnvironment } from "./environment.ts";
import { openFiles, openInput, openStreams } from "./terminal.ts";

/** The program: arguments in, exit code out. What a command does not need is not loaded for it. */
export async function main(argv: readonly string[]): Promise<number> {
  const environment = readEnvironment();
  const cwd = process.cwd();
  const version = readVersion();
  const toServer = (url: string | undefined, as?: "approver") =>
    connect({ environment, cwd }, url, as);
  return runCli(argv, {
    version,
    node: process.version,
    streams: openStreams(environment.wantsColor),
    files: openFiles(cwd),
    input: openInput(environment.variables),
    connect: toServer,
    clock: systemClock,
    fraction: () => systemRandom.fraction(),
    editConfig,
    namesOf,
    places: environment.places,
    get secretsDirectory() {
      return path.join(environment.configDirectory, "secrets");
    },
    program: [
      process.execPath,
      path.join(import.meta.dirname, "..", "..", "bin", "countersign.js"),
    ],
    bridge: async ({ url, toolset }) => {
      const { runBridge } = await import("./run-bridge.ts");
      const origin = await findServer({ environment, cwd }, url);
      const place = toolset === undefined ? "/mcp" : `/mcp/${encodeURIComponent(toolset)}`;
      await runBridge(environment, new URL(place, origin));
    },
    serve: async (options) => {
      const { serve } = await import("./serve.ts");
      return serve({ cwd, environment, version }, options);
    },
    lintSkills: async (folder) => (await import("./lint-skills.ts")).lintSkills(cwd, folder),
    verifierPage: async () => (await import("./verifier-source.ts")).readVerifierPage(),
    openSandboxSetup: async (driver) =>
      (await import("./set-up-sandbox.ts")).openSandboxSetup(environment, driver),
    async *diagnose(options) {
      const { diagnose } = await import("./doctor/doctor.ts");
      yield* diagnose({ cwd, environment, connect: toServer }, options);
    },
  });
}

/** Two folders up, from `src/main` as from `dist/main`. */
function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
