import path from "node:path";
import { createAnthropicFormat } from "../adapters/anthropic/anthropic-format.ts";
import { createDialer } from "../adapters/dialer/dialer.ts";
import { createModelHttp } from "../adapters/model-http/model-http.ts";
import { createOpenaiFormat } from "../adapters/openai/openai-format.ts";
import { startScriptedServer, type ScriptedServer } from "../adapters/scripted/scripted-server.ts";
import { parseModelScript } from "../adapters/yaml/parse-model-script.ts";
import type { BackendConfig, ModelsConfig, PricesConfig } from "../model/config-models.ts";
import { Fault } from "../model/index.ts";
import type { ModelPrices } from "../model/model-usage.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { NamedBackend } from "../run/model-member.ts";
import { createModelRouter, type ModelRouter, type Route } from "../run/model-router.ts";
import { readBounded } from "./read-bounded.ts";

export interface ModelParts {
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Of countersign.yaml. */
  readonly directory: string;
}

export interface StartedModels {
  readonly router: ModelRouter;
  close(): Promise<void>;
}

/** The backends and routes of one revision, with the servers of its scripted ones. */
export async function startModels(models: ModelsConfig, parts: ModelParts): Promise<StartedModels> {
  const servers: ScriptedServer[] = [];
  const closeServers = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  try {
    const backends: NamedBackend[] = [];
    for (const [name, config] of Object.entries(models.backends)) {
      backends.push({ ...(await openBackend(config, parts, servers)), name });
    }
    const router = createModelRouter({ ...parts, backends, routes: toRoutes(models) });
    return {
      router,
      close: async () => {
        await router.close();
        await closeServers();
      },
    };
  } catch (error) {
    await closeServers();
    throw error;
  }
}

type Opened = Omit<NamedBackend, "name">;

async function openBackend(
  config: BackendConfig,
  parts: ModelParts,
  servers: ScriptedServer[],
): Promise<Opened> {
  if (config.kind !== "scripted") return openRemote(config, parts);
  const script = await readScript(config.script, parts.directory);
  const server = await startScriptedServer({ script, clock: parts.clock, key: null });
  servers.push(server);
  const url = config.format === "openai" ? `${server.url}/v1` : server.url;
  const tokenLimit = "max_completion_tokens";
  const at = { url, model: server.model, key: undefined, private: true, tokenLimit } as const;
  const opened = openRemote({ ...config, ...at, kind: config.format }, parts);
  return { ...opened, kind: config.kind };
}

type Remote = Exclude<BackendConfig, { kind: "scripted" }>;

function openRemote(config: Remote, parts: ModelParts): Opened {
  const { kind, url, model, concurrency, queue } = config;
  const format =
    config.kind === "openai" ? createOpenaiFormat(config.tokenLimit) : createAnthropicFormat();
  const backend = createModelHttp({
    ...parts,
    format,
    url,
    private: config.private,
    tls: null,
    // One more than may be asked at once: whether it answers is asked beside them.
    connections: concurrency + 1,
    key: config.key ?? null,
    dialer: createDialer(),
    firstTokenMs: config.firstToken,
    idleMs: config.idle,
  });
  const { host } = new URL(url);
  const { marksPrefix } = format;
  const prices = toPrices(config.prices);
  return { kind, model, host, concurrency, queue, prices, marksPrefix, backend };
}

function toPrices(prices: PricesConfig | undefined): ModelPrices | null {
  if (prices === undefined) return null;
  const { input, output, cached = null, cacheWrite = null } = prices;
  return { input, output, cached, written: cacheWrite };
}

function toRoutes({ routes }: ModelsConfig): Readonly<Record<string, Route>> {
  return Object.fromEntries(
    Object.entries(routes).map(([alias, groups]) => [
      alias,
      groups.map((group) =>
        group.map(({ backend, weight, model = null }) => ({ backend, weight, model })),
      ),
    ]),
  );
}

const maxScriptBytes = 1024 * 1024;

async function readScript(file: string, directory: string) {
  const parsed = parseModelScript(await readText(path.resolve(directory, file), file));
  if (parsed.kind === "valid") return parsed.script;
  const { problems } = parsed;
  const [first] = problems;
  const where = first === undefined ? "" : ` Line ${first.line}: ${first.key} ${first.message}.`;
  throw new Fault("config_invalid", `The script ${file} is wrong.${where}`, {
    details: { file, problems },
  });
}

async function readText(place: string, file: string): Promise<string> {
  try {
    const bytes = await readBounded(place, maxScriptBytes);
    if (bytes !== null) return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Fault("config_invalid", `The script ${file} cannot be read.`, { cause });
  }
  throw new Fault("config_invalid", `The script ${file} is larger than ${maxScriptBytes} bytes.`);
}
