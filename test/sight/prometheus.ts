import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { makeFolder } from "../bootstrap/made-up-checkout.ts";

const rules = fileURLToPath(new URL("../../deploy/alerts/countersign.rules.yaml", import.meta.url));

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Prometheus {
  /** Throws with what Prometheus says of a query that it cannot answer. */
  query(expr: string): Promise<readonly Sample[]>;
  /** Names of alerts that fire. */
  firing(): Promise<readonly string[]>;
}

/** A real one on loopback, gone with the test: it scrapes and evaluates each second, by the rules as they are. */
export async function startPrometheus(target: string, key: string): Promise<Prometheus> {
  const folder = makeFolder();
  const keyFile = path.join(folder, "key");
  writeFileSync(keyFile, key, { mode: 0o600 });
  const config = path.join(folder, "prometheus.yaml");
  writeFileSync(
    config,
    stringify({
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      rule_files: [rules],
      scrape_configs: [
        {
          job_name: "countersign",
          authorization: { type: "Bearer", credentials_file: keyFile },
          static_configs: [{ targets: [target] }],
        },
      ],
    }),
  );
  const port = await findPort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  onTestFinished(async () => {
    const ended = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGKILL")) await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, () => log);
  return {
    async query(expr) {
      const { result } = await ask(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
      return result as readonly Sample[];
    },
    async firing() {
      const { alerts } = await ask(`${url}/api/v1/alerts`);
      return (alerts as { state: string; labels: { alertname: string } }[])
        .filter(({ state }) => state === "firing")
        .map(({ labels }) => labels.alertname);
    },
  };
}

async function ask(url: string): Promise<Record<string, unknown>> {
  const answer = await fetch(url);
  const body = (await answer.json()) as { status: string; error?: string; data: object };
  if (body.status !== "success") throw new Error(`${url}: ${body.error}`);
  return body.data as Record<string, unknown>;
}

async function untilReady(url: string, log: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${url}/-/ready`).catch(() => null);
    if (answer?.ok === true) return;
    await systemClock.sleep(100);
  }
  throw new Error(`Prometheus does not start: ${log()}`);
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
