import path from "node:path";
import { realpath } from "node:fs/promises";
import { Fault } from "../../model/index.ts";
import { toSandboxLimits } from "../../model/config-sandbox.ts";
import type { StdioServerConfig } from "../../model/config-servers.ts";
import type { Tier } from "../../model/sandbox.ts";
import type { Mount, Sandboxes } from "../../ports/sandbox.ts";
import type { UpstreamTarget } from "../../ports/upstream.ts";
import { fromSandbox, startBare, type Program } from "./program.ts";

export interface ProgramOptions {
  /** Relative directories of servers start here. */
  readonly directory: string;
  /** What every program gets besides its own variables: where programs lie, and the language. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
  /** For all programs but those of which configuration says that they run without. */
  readonly sandboxes: Pick<Sandboxes, "start">;
}

/** The program of a server, where its configuration wants it. */
export function runProgram(
  options: ProgramOptions,
  config: StdioServerConfig,
  target: Pick<UpstreamTarget, "server" | "environment" | "egressCredentials">,
): Promise<Program> | Program {
  const { sandbox } = config;
  return sandbox === "none"
    ? startBare({
        command: config.command,
        environment: { ...options.baseEnvironment, ...target.environment },
        directory: path.resolve(options.directory, config.directory ?? "."),
      })
    : runSandboxed(options, { config, tier: sandbox }, target);
}

async function runSandboxed(
  { directory, baseEnvironment, sandboxes }: ProgramOptions,
  { config, tier }: { readonly config: StdioServerConfig; readonly tier: Tier },
  target: Pick<UpstreamTarget, "server" | "environment" | "egressCredentials">,
): Promise<Program> {
  const { server, environment, egressCredentials: credentials } = target;
  const language = Object.entries(baseEnvironment).filter(([name]) => isOfLanguage.test(name));
  const own = config.directory === undefined ? null : await find(directory, config.directory);
  const files = await Promise.all(
    config.files.map(async (file): Promise<Mount> => ({
      path: await find(directory, file.path),
      isWritable: file.write,
    })),
  );
  const started = await sandboxes.start(tier, {
    server,
    command: config.command,
    environment: { ...Object.fromEntries(language), ...environment },
    directory: own,
    mounts: own === null ? files : [{ path: own, isWritable: false }, ...files],
    limits: toSandboxLimits(config),
    egress: config.egress,
    private: config.egressPrivate,
    credentials,
  });
  return fromSandbox(started);
}

/** Where programs and homes lie, and who we are, is none of its business. */
const isOfLanguage = /^(?:TZ|LANG|LC_[A-Z]+)$/;

async function find(directory: string, written: string): Promise<string> {
  try {
    return await realpath(path.resolve(directory, written));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault("sandbox_failed", `${written} cannot be given to the program (${code}).`);
  }
}
