import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface RestateServer {
  readonly pid: number;
  readonly admin: string;
  readonly ingress: string;
  stop(): Promise<void>;
}

const readyWithinMs = 30_000;

/** The server that npm has, with its own defaults, on loopback alone. */
export async function startRestateServer(directory: string): Promise<RestateServer> {
  const { resolve } = createRequire(path.join(import.meta.dirname, "package.json"));
  const platform = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  const program = resolve(`${platform}/bin/restate-server`);
  const [node, admin, ingress] = await Promise.all([findPort(), findPort(), findPort()]);
  const child = spawn(program, ["--no-logo"], {
    cwd: directory,
    stdio: ["ignore", "ignore", 2],
    env: {
      PATH: process.env["PATH"],
      DO_NOT_TRACK: "1",
      RESTATE_DISABLE_TELEMETRY: "true",
      RESTATE_LISTEN_MODE: "tcp",
      RESTATE_BASE_DIR: path.join(directory, "restate"),
      // It looks once for a newer release of itself, which no setting keeps it from: here in vain.
      RESTATE_LOG_FILTER: "error,octocrab=off",
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      // A workflow that waits is put away: after a minute by default, which nobody waits for here.
      RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT: "1s",
    },
  });
  const ended = once(child, "exit");
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  const server: RestateServer = {
    pid: child.pid!,
    admin: `http://127.0.0.1:${admin}`,
    ingress: `http://127.0.0.1:${ingress}`,
    async stop() {
      process.off("exit", onExit);
      child.kill("SIGKILL");
      await ended;
    },
  };
  try {
    await untilReady(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function untilReady({ admin, ingress }: RestateServer): Promise<void> {
  const untilMs = performance.now() + readyWithinMs;
  while (performance.now() < untilMs) {
    const paths = [`${admin}/health`, `${ingress}/restate/health`];
    const answers = await Promise.all(paths.map((each) => fetch(each).catch(() => null)));
    if (answers.every((answer) => answer?.ok === true)) return;
    await sleep(100);
  }
  throw new Error("restate-server was not ready in time");
}

/** A port that is free now. */
export async function findPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
