import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { openMailbox } from "../../src/gate/mailbox.ts";
import { openGateBase } from "../../src/main/gate-base.ts";
import { startGate } from "../../src/main/gate-parts.ts";
import { createLifecycle } from "../../src/main/lifecycle.ts";
import { ownTenant } from "../../src/main/own-tenant.ts";
import { createPresence } from "../../src/main/presence.ts";
import { startBundles } from "../../src/main/start-bundles.ts";
import { startLedger } from "../../src/main/start-ledger.ts";
import { configSchema } from "../../src/model/config.ts";
import { Fault, toUuidV7 } from "../../src/model/index.ts";
import { starterRules } from "../../src/model/starter-rules.ts";
import type { Gate } from "../../src/ports/gate.ts";
import type { Vault } from "../../src/ports/vault.ts";
import type { advance } from "../../src/run/advance.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import { createRuntime } from "./engine-runtime.ts";
import { obey } from "./obey.ts";
import { benchVault, openBase } from "./open-base.ts";
import type { Start } from "./orders.ts";
import { createPlainModels } from "./plan.ts";
import type { Meter, Runtime } from "./runtime.ts";
import { noErrands, noSandboxes } from "../../test/no-sandboxes.ts";
import { taskKindOf } from "../../test/simulation/task-kind.ts";

/** Effects pass unasked; else what a project begins with. */
const rules = starterRules.replace(/@id\("starter\/effects-ask"\)[^;]*;/, "");
const many = 512;

const toDocument = (url: string): object => ({
  version: 1,
  policy: { rules: { bench: rules } },
  gate: { concurrency: many, rate: 10_000_000 },
  servers: {
    t: { transport: "http", url, private: true, concurrency: many, labels: ["trusted"] },
  },
  models: {
    // Its price is asked for and nothing else: the model is in this process.
    backends: { m: { kind: "openai", url: "http://127.0.0.1:9/v1", model: "m", private: true } },
    routes: { m: [[{ backend: "m" }]] },
  },
  agents: { bench: { description: "Acts.", model: "m", instructions: "Do.", tools: ["t__act"] } },
});

const vault: Vault = {
  ...benchVault,
  put: () => Promise.reject(new Error("nothing is put here")),
  list: async () => [],
  remove: async () => false,
};
const secrets = {
  resolve: (reference: string) => Promise.reject(new Error(`there is no ${reference}`)),
};

type Base = Awaited<ReturnType<typeof openGateBase>>;

/** Everything that a step passes in the server, wired as there, but for the model, which is a plain one. */
async function open({ urls: [url, directory] }: Start, meter: Meter): Promise<Runtime> {
  const upstream = fork(path.join(import.meta.dirname, "step-server.ts"), {
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const [port] = (await once(upstream, "message")) as [number];
  const config = configSchema.parse(toDocument(`http://127.0.0.1:${port}/mcp`));
  const opened = await openBase({ url: url!, isAlone: true });
  const base = await openParts({ opened, config, directory: directory! });
  const { registry, gate } = await startGate(config, base);
  await registry.refresh("t");
  const bundles = startBundles(config, { ...base, skills: new Map(), registry });
  const models = createPlainModels(meter);
  const measured: Gate = {
    async exchange(request) {
      const answer = await gate.exchange(request);
      if (answer.kind === "error" || answer.isError) throw new Error(JSON.stringify(answer));
      meter.stepped(request.run!.run);
      return answer;
    },
  };
  const engine = {
    ...base,
    news: opened.base.news,
    gate: measured,
    bundles: () => bundles,
    catalog: () => registry.catalog(),
    models: () => models,
    onMoved: () => undefined,
    taskKindOf,
  } satisfies Parameters<typeof advance>[0];
  const desk = createRunDesk(engine);
  return createRuntime({ engine, desk, wake: opened.wake, tenant: ownTenant });
}

interface Opening {
  readonly opened: Awaited<ReturnType<typeof openBase>>;
  readonly config: ReturnType<typeof configSchema.parse>;
  readonly directory: string;
}

/** Identity is not asked for: a run has its own. The ledger is written beside, by this process. */
async function openParts({ opened, config, directory }: Opening): Promise<Base> {
  const { bus } = opened;
  const { store, clock, random, telemetry } = opened.base;
  const toId = (): string => toUuidV7(clock.nowMs(), random.bytes(10));
  const base = await openGateBase({
    ...opened.base,
    bus,
    config,
    vault,
    secrets,
    directory,
    configDirectory: directory,
    version: "0.0.0",
    baseEnvironment: {},
    sandboxes: noSandboxes,
    errands: noErrands,
    listen: { host: "127.0.0.1", port: 0 },
    now: { config: () => config, url: () => "http://localhost", announce: () => undefined },
    mailbox: await openMailbox({ letters: store.letters, bus, clock, telemetry, toId }),
    lines: { later: () => undefined },
    redact: (text) => text,
    runs: () => {
      throw new Fault("draining", "Nobody starts a run by a call here.");
    },
  });
  const { signal } = new AbortController();
  const lifecycle = createLifecycle({ clock, telemetry, signal });
  const presence = createPresence({ rows: store.replicas, clock, telemetry });
  await startLedger({
    ...base,
    config,
    directory,
    configDirectory: directory,
    lifecycle,
    presence,
  });
  return base;
}

await obey(open);
