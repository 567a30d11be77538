import path from "node:path";
import { createSecrets } from "../../adapters/secrets/secrets.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";
import { systemRandom } from "../../adapters/system/system-random.ts";
import type { Connection, DiagnoseOptions } from "../../cli/context.ts";
import type { Check } from "../../model/check.ts";
import { configSchema, type Config } from "../../model/config.ts";
import { Fault } from "../../model/index.ts";
import { findHolder } from "../directory-lock.ts";
import type { Environment } from "../environment.ts";
import { openSandboxDrivers } from "../open-sandboxes.ts";
import { readConfig } from "../read-config.ts";
import { lookAtLedger } from "./ledger-probes.ts";
import { lookAtModels } from "./model-probes.ts";
import { lookAtClock, lookAtDisk, lookAtKeys, lookAtNode, lookAtPort } from "./machine-probes.ts";
import { lookAtEmbedded, lookAtUrl } from "./postgres-probes.ts";
import { fail, ok, runProbe, warn, type Finding, type Probe } from "./probe.ts";
import { toSandboxProbes } from "./sandbox-probes.ts";

export interface DoctorTools {
  readonly cwd: string;
  readonly environment: Environment;
  readonly connect: (url: string | undefined) => Promise<Connection>;
}

/** Looks at one thing after the other, server up or down. */
export async function* diagnose(
  tools: DoctorTools,
  options: DiagnoseOptions,
): AsyncIterable<Check> {
  const clock = systemClock;
  const random = systemRandom;
  let config: Config = configSchema.parse({ version: 1 });
  let directory = tools.cwd;
  const readIt = async (): Promise<Finding> => {
    try {
      const start = await readConfig(tools.cwd, options.file);
      ({ config, directory } = start);
      return ok(
        start.file === null ? "no countersign.yaml: the defaults hold" : `${start.file} is valid`,
      );
    } catch (error) {
      return fail(toMessage(error), "Correct the file; the checks below look at the defaults.");
    }
  };
  yield await runProbe({ name: "node", look: () => lookAtNode(process.version) }, clock);
  yield await runProbe({ name: "configuration", look: readIt }, clock);
  const { configDirectory, forPrograms, sandboxesDirectory, variables } = tools.environment;
  yield await runProbe({ name: "keys", look: () => lookAtKeys(configDirectory) }, clock);

  const { store } = config;
  const data = store.kind === "embedded" ? path.resolve(directory, store.directory) : null;
  const holder = data === null ? null : await findHolder(data);
  const url = options.url ?? holder?.url ?? undefined;
  let isServing = false;
  const rest: readonly Probe[] = [
    ...(data === null ? [] : [{ name: "disk", look: () => lookAtDisk(data) }]),
    {
      name: "postgres",
      look: async () => {
        if (store.kind === "embedded") return lookAtEmbedded({ clock, random });
        const secret = await createSecrets({ variables, directory }).resolve(store.url);
        return lookAtUrl(secret.reveal(), clock);
      },
    },
    ...createServerProbes(tools, url, () => {
      isServing = true;
    }),
    // Where a server of ours answers, it is what uses the port.
    {
      name: "port",
      look: async () =>
        isServing || holder !== null ? ok("a server of ours uses it") : lookAtPort(config.listen),
    },
    { name: "clock", look: () => lookAtClock(clock) },
    ...toSandboxProbes(
      openSandboxDrivers({ clock, random, forPrograms, sandboxesDirectory, hidden: [] }),
    ),
  ];
  for (const probe of rest) yield await runProbe(probe, clock);
}

/** What only a running server can say. */
function createServerProbes(
  tools: DoctorTools,
  url: string | undefined,
  onServing: () => void,
): readonly Probe[] {
  let isServing = false;
  return [
    {
      name: "server",
      look: async () => {
        const finding = await lookAtServer(tools, url);
        isServing = finding.status === "ok";
        if (isServing) onServing();
        return finding;
      },
    },
    {
      name: "ledger",
      look: async () =>
        isServing ? lookAtLedger(await tools.connect(url)) : ok("is looked at where a server runs"),
    },
    {
      name: "models",
      look: async () =>
        isServing ? lookAtModels(await tools.connect(url)) : ok("are asked where a server runs"),
    },
  ];
}

async function lookAtServer({ connect }: DoctorTools, url: string | undefined): Promise<Finding> {
  const connection = await connect(url);
  try {
    const { status, body } = await connection.client.getReady();
    const { body: running } = await connection.client.getVersion();
    const missing = body.checks.filter(({ ready }) => !ready);
    if (status === 200) return ok(`${running.version} is ready at ${connection.url}`);
    const reasons = missing.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
    return fail(`${connection.url} is not ready (${reasons})`, "Look at the server's log.");
  } catch (error) {
    if (error instanceof Fault && error.code === "unreachable" && url === undefined) {
      return warn(`none runs at ${connection.url}`, "countersign up");
    }
    return fail(toMessage(error), "Look at the server's log, and at the key in use.");
  }
}

function toMessage(error: unknown): string {
  if (!(error instanceof Fault)) return error instanceof Error ? error.message : String(error);
  const { problems } = error.details as { problems?: readonly { line: number; message: string }[] };
  const first = problems?.[0];
  return first === undefined
    ? error.message
    : `${error.message} First, line ${first.line}: ${first.message}`;
}
