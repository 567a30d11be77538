import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { onTestFinished } from "vitest";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import { runEventSchema, type RunEvent } from "../../src/model/run-event.ts";
import { createHome, type Up } from "../e2e/home.ts";
import { listManyTools } from "./many-tools.ts";

const program = path.join(import.meta.dirname, "many-tools-program.ts");

/** What a model's backend was asked, as it came over the wire. */
export interface Wire {
  readonly tools: readonly { readonly function: { readonly name: string } }[];
  readonly messages: readonly object[];
}

/** In front of a scripted model: whatever it is asked is kept, and passed on. */
async function startModel(turns: readonly object[]) {
  const script = modelScriptSchema.parse({ name: "payments", turns });
  const scripted = await startScriptedServer({ script, clock: systemClock, key: null });
  const asked: Wire[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      if (incoming.method === "POST")
        asked.push({ tools: [], ...(JSON.parse(body) as Omit<Wire, "tools"> & Partial<Wire>) });
      const headers = { "content-type": "application/json" };
      const sent = incoming.method === "POST" ? { method: "POST", body, headers } : {};
      fetch(`${scripted.url}${incoming.url}`, sent).then(
        async (answer) => {
          const type = answer.headers.get("content-type") ?? "text/plain";
          outgoing.writeHead(answer.status, { "content-type": type });
          outgoing.end(Buffer.from(await answer.arrayBuffer()));
        },
        () => outgoing.destroy(),
      );
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await scripted.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}

const toDocument = (model: string, called: string, toolTokens: number): object => ({
  version: 1,
  policy: {
    rules: {
      pay: '@id("pay/all") @reason("Payments are possible.")\npermit (principal, action, resource);\n',
    },
  },
  servers: {
    pay: {
      transport: "stdio",
      command: [process.execPath, program, called],
      sandbox: "none",
      tools: { charge_get: { effect: "read" }, customer_get: { effect: "read" } },
    },
  },
  models: {
    backends: {
      wire: {
        kind: "openai",
        url: model,
        model: "any",
        private: true,
        prices: { input: "1", output: "1" },
      },
    },
    routes: { model: [[{ backend: "wire" }]] },
  },
  agents: {
    clerk: {
      description: "Does what the payments desk is asked for.",
      model: "model",
      instructions: "You work at the payments desk.",
      waits: true,
      tools: listManyTools().map(({ name }) => `pay__${name}`),
      context: { toolTokens },
    },
  },
});

export interface RunJson {
  readonly id: string;
  readonly state: string;
  readonly output: string | null;
  readonly quality: Record<string, unknown> | null;
}

/** The product whole, with a server of seventy tools and a model that says what it is told to say. */
export async function openDesk(turns: readonly object[], toolTokens: number) {
  const home = createHome();
  const called = path.join(home.directory, "called.jsonl");
  const model = await startModel(turns);
  const document = toDocument(model.url, called, toolTokens);
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
  let up: Up;
  async function start(): Promise<void> {
    up = await home.up();
    home.environment["COUNTERSIGN_URL"] = up.url;
    for (let tries = 0; tries < 300; tries += 1) {
      const { tools } = JSON.parse(await get("/v1/tools")) as {
        tools: readonly { readonly server: string }[];
      };
      if (tools.filter(({ server }) => server === "pay").length === 70) return;
      await systemClock.sleep(100);
    }
    throw new Error(`the server of seventy tools is not there: ${up.log()}`);
  }
  async function get(where: string): Promise<string> {
    const headers = { authorization: `Bearer ${home.key("admin")}` };
    return (await fetch(`${up.url}${where}`, { headers })).text();
  }
  async function show(id: string): Promise<RunJson> {
    const shown = await home.run("runs", "show", id, "--json");
    if (shown.code !== 0) throw new Error(shown.err);
    return JSON.parse(shown.out) as RunJson;
  }
  await start();
  return {
    home,
    asked: model.asked,
    log: () => up.log(),
    show,
    called: (): readonly { readonly name: string; readonly args: object }[] =>
      existsSync(called)
        ? readFileSync(called, "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as { name: string; args: object })
        : [],
    async begin(input: string): Promise<string> {
      const begun = await home.run("run", "clerk", input, "--json");
      if (begun.code !== 0) throw new Error(begun.err + up.log());
      return (JSON.parse(begun.out) as RunJson).id;
    },
    async until(id: string, state: string): Promise<RunJson> {
      for (let tries = 0; tries < 200; tries += 1) {
        const run = await show(id);
        if (run.state === state) return run;
        await systemClock.sleep(50);
      }
      throw new Error(`run ${id} does not become ${state}: ${JSON.stringify(await show(id))}`);
    },
    async events(id: string): Promise<readonly RunEvent[]> {
      const { out } = await home.run("runs", "logs", id, "--json");
      return out
        .trim()
        .split("\n")
        .flatMap((line) => {
          const { event } = JSON.parse(line) as { event?: unknown };
          return event === undefined ? [] : [runEventSchema.parse(event)];
        });
    },
    metrics: () => get("/metrics"),
    /** Gone without a word, and there again. */
    async restart(): Promise<void> {
      up.kill("SIGKILL");
      await up.ended;
      await start();
    },
  };
}
