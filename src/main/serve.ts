import { createPrometheusTelemetry } from "../adapters/prometheus/prometheus-telemetry.ts";
import { createSecrets } from "../adapters/secrets/secrets.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemRandom as random } from "../adapters/system/system-random.ts";
import type { ServeOptions } from "../cli/context.ts";
import { createLineLog } from "../lib/line-log.ts";
import { isLoopback, listenField, type ListenAddress } from "../model/config-field.ts";
import type { Config } from "../model/config.ts";
import { Fault } from "../model/index.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Environment } from "./environment.ts";
import { createLifecycle } from "./lifecycle.ts";
import { readConfig } from "./read-config.ts";
import { startServer, type Server } from "./start-server.ts";
import { watchStopSignals } from "./stop-signals.ts";

export interface ServeTools {
  readonly cwd: string;
  readonly environment: Environment;
  readonly version: string;
}

/** Runs the server until it is told to stop. 0 after a clean end, 130 when it was not up yet. */
export async function serve(tools: ServeTools, options: ServeOptions): Promise<number> {
  const startedMs = clock.monotonicMs();
  const { onEvent } = options;
  const stop = watchStopSignals(clock, (code) => process.exit(code));
  onEvent({ event: "starting", version: tools.version, pid: process.pid });
  try {
    const { server, file, lifecycle, telemetry } = await start(tools, {
      options,
      signal: stop.signal,
    });
    const startedInMs = Math.round(clock.monotonicMs() - startedMs);
    onEvent({ event: "ready", startedInMs, file, ...server.description });
    const broken = watchErrors(telemetry);
    const why = await Promise.race([whenAborted(stop.signal), whenAborted(broken)]);
    onEvent({ event: "draining", reason: why, withinMs: server.drainTimeMs() });
    const outcome = await lifecycle.stop();
    onEvent({ event: "stopped", cut: server.wasCut() });
    return outcome === "clean" && stop.signal.aborted ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    onEvent({ event: "stopped", cut: false });
    return 130;
  } finally {
    stop.restore();
  }
}

/** Where the system takes lines without making the process wait, so much of them is kept for a slow reader. */
const mostUnread = 4 * 1024 * 1024;

interface Starting {
  readonly options: ServeOptions;
  readonly signal: AbortSignal;
}

async function start(tools: ServeTools, { options, signal }: Starting) {
  const { environment, version, cwd } = tools;
  const config = await readConfig(cwd, options.file);
  const listen = chooseAddress(config.config, options.listen);
  let server: Server | null = null;
  const lines = createLineLog({
    write: (text) => void process.stderr.write(text),
    isFull: () => process.stderr.writableLength > mostUnread,
    sleep: (ms) => clock.sleep(ms),
    onDropped: (count) => telemetry.count("log_lines_dropped", { reader: "stderr" }, count),
  });
  process.once("exit", lines.flush);
  const telemetry = createPrometheusTelemetry({
    clock,
    write: lines.now,
    level: () => server?.logLevel() ?? config.config.log.level,
    withProcess: true,
  });
  const lifecycle = createLifecycle({ clock, telemetry, signal });
  const places = { variables: environment.variables, directory: config.directory };
  server = await startServer({
    start: config,
    listen,
    version,
    configDirectory: environment.configDirectory,
    lifecycle,
    clock,
    random,
    telemetry,
    toSecrets: (readStored) => createSecrets({ ...places, ...(readStored && { readStored }) }),
    forPrograms: environment.forPrograms,
    sandboxesDirectory: environment.sandboxesDirectory,
    metrics: () => telemetry.expose(),
    readMetrics: () => telemetry.read(),
    lines,
    series: (metric) => telemetry.series(metric),
  });
  return { server, file: config.file, lifecycle, telemetry };
}

/** The address on the command line takes the place of the configured one, and its rule holds. */
function chooseAddress(config: Config, given: string | undefined): ListenAddress {
  if (given === undefined) return config.listen;
  const parsed = listenField.safeParse(given);
  if (!parsed.success) {
    throw new Fault("usage_invalid", `--listen ${parsed.error.issues[0]!.message}.`);
  }
  if (!isLoopback(parsed.data) && config.auth.adminKey === undefined) {
    throw new Fault(
      "address_exposed",
      `${given} is reachable from other machines, which requires auth.adminKey to be configured.`,
    );
  }
  return parsed.data;
}

/** Fires when an error came out of nowhere: what is under way ends, and the process with it. */
function watchErrors(telemetry: Telemetry): AbortSignal {
  const broken = new AbortController();
  // What nobody awaited is a bug of one request; the others are served on.
  process.on("unhandledRejection", (fault) => telemetry.log("error", "bug", { fault }));
  process.on("uncaughtException", (fault) => {
    // Saying so may be what failed: once is enough.
    if (broken.signal.aborted) return;
    telemetry.log("error", "bug", { fault });
    broken.abort("an error that nothing caught");
  });
  return broken.signal;
}

async function whenAborted(signal: AbortSignal): Promise<string> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  }
  return String(signal.reason);
}
