import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished } from "vitest";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import { answerCall, startHostile } from "../mcp/hostile-http.ts";
import { createHome, type Ran } from "./home.ts";

type Json = Record<string, unknown>;

/** What a model was asked, as it came over the wire. */
interface AskedOfModel {
  readonly temperature?: number;
  readonly max_completion_tokens: number;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly tools: readonly {
    readonly function: { readonly name: string; readonly description: string };
  }[];
}

export interface ChangedRun {
  readonly id: string;
  readonly bundle: string;
  readonly state: string;
  readonly output: string | null;
  readonly waits: readonly { readonly approval: string; readonly digest: string }[];
  readonly calls: readonly { readonly tool: string; readonly state: string }[];
}

/** What is changed under a run: of its agent, of policy, and of a tool that it does not call. */
interface Changing {
  readonly rules: string;
  readonly agent: object;
}

const turns = [
  { when: { last: "user" }, calls: [{ tool: "bank__pay", args: { to: "ann" } }] },
  { when: { last: "tool", contains: "paid" }, say: "It is paid." },
  { when: { last: "tool" }, say: "It is not paid." },
];

/** The product, a server that pays and whose definitions change, and a model that writes down what it is asked. */
export async function openChangeScene(first: Changing) {
  const home = createHome();
  const model = await startRecordingModel();
  let look = "Looks.";
  const bank = await startHostile(
    (call, outgoing) => answerCall(call, outgoing, "paid"),
    () => [toTool("pay", "Pays."), toTool("look", look)],
  );
  const write = ({ rules, agent }: Changing): void =>
    writeFileSync(
      path.join(home.directory, "countersign.yaml"),
      JSON.stringify(toDocument({ rules, agent, bank: bank.url, model: model.url })),
    );
  write(first);
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const good = async (...argv: readonly string[]): Promise<Ran> => {
    const ran = await home.run(...argv);
    expect(ran.code, `${argv.join(" ")}: ${ran.err}${up.log()}`).toBe(0);
    return ran;
  };
  const read = async (where: string): Promise<Json> => {
    const headers = { authorization: `Bearer ${home.key("admin")}` };
    const response = await fetch(`${up.url}${where}`, { headers });
    expect(response.status, where).toBe(200);
    return (await response.json()) as Json;
  };
  const show = async (id: string): Promise<ChangedRun> =>
    (await read(`/v1/runs/${id}`)) as unknown as ChangedRun;
  return {
    home,
    good,
    read,
    show,
    asked: model.asked,
    sent: () => bank.calls.length,
    build: async () => (await good("bundle", "build", "clerk")).out.trim(),
    start: async () => (await good("run", "clerk", "Pay ann.")).out.trim(),
    async change(changing: Changing): Promise<void> {
      write(changing);
      await good("apply");
    },
    /** Another definition of the tool that nobody calls, which somebody accepts. */
    async redefineLook(description: string): Promise<void> {
      look = description;
      await good("servers", "inspect", "bank");
      await good("tools", "accept", "bank", "look");
    },
    async until(id: string, isThere: (run: ChangedRun) => boolean): Promise<ChangedRun> {
      let run = await show(id);
      for (let tries = 0; tries < 400; tries += 1) {
        if (isThere(run)) return run;
        await systemClock.sleep(25);
        run = await show(id);
      }
      throw new Error(`${JSON.stringify(run)}\n${up.log()}`);
    },
    approve: async ({ waits: [wait] }: ChangedRun, ...more: readonly string[]) =>
      home.run("approve", wait!.approval, "--digest", wait!.digest, ...more),
  };
}

function toTool(name: string, description: string) {
  const properties = { to: { type: "string" } };
  return { name, description, inputSchema: { type: "object", properties, required: ["to"] } };
}

function toDocument({ rules, agent, bank, model }: Changing & { bank: string; model: string }) {
  const backend = { kind: "openai", url: `${model}/v1`, model: "any", private: true };
  return {
    version: 1,
    policy: { rules: { bank: rules } },
    servers: { bank: { transport: "http", url: bank, private: true, labels: ["trusted"] } },
    models: { backends: { wire: backend }, routes: { model: [[{ backend: "wire" }]] } },
    agents: { clerk: { description: "Pays.", model: "model", ...agent } },
  };
}

/** In front of a scripted one: each request is written down and passed on as it is. */
async function startRecordingModel() {
  const asked: AskedOfModel[] = [];
  const script = modelScriptSchema.parse({ name: "clerk", turns });
  const scripted = await startScriptedServer({ script, clock: systemClock, key: null });
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const isAsked = incoming.method === "POST";
    if (isAsked) asked.push(JSON.parse(body) as AskedOfModel);
    const said = await fetch(`${scripted.url}${incoming.url!}`, {
      method: incoming.method!,
      headers: { "content-type": "application/json" },
      ...(isAsked ? { body } : {}),
    });
    const type = said.headers.get("content-type") ?? "application/json";
    outgoing.writeHead(said.status, { "content-type": type }).end(await said.text());
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await scripted.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
