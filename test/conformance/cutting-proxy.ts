import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

export interface CuttingProxy {
  /** The same database, through the proxy. */
  readonly url: string;
  /**
   * Lets what was asked arrive, loses the answers, then breaks the connections: Postgres has
   * written what the client will never hear of.
   */
  cut(): Promise<number>;
  /** Passes nothing on any more, in either direction, and closes nothing. */
  stall(): void;
  /** Breaks what was stalled; new connections pass. */
  restore(): void;
  close(): Promise<void>;
}

/** Long enough for a batch under way to commit. */
const lostForMs = 8;

/** Stands between a store and its Postgres. */
export async function openCuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new pg.Client(url);
  const pairs = new Set<{ near: Socket; far: Socket }>();
  let isStalled = false;

  const server = createServer((near) => {
    const far = target.host.startsWith("/")
      ? createConnection(`${target.host}/.s.PGSQL.${target.port}`)
      : createConnection(target.port, target.host);
    const pair = { near, far };
    pairs.add(pair);
    if (!isStalled) {
      near.pipe(far);
      far.pipe(near);
    }
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const through = new URL("postgres://127.0.0.1");
  through.port = String((server.address() as AddressInfo).port);
  through.username = encodeURIComponent(target.user ?? "");
  through.password = encodeURIComponent(target.password ?? "");
  through.pathname = `/${target.database ?? ""}`;

  async function cut(): Promise<number> {
    const broken = [...pairs];
    for (const { near, far } of broken) {
      far.unpipe(near);
      far.resume();
    }
    await sleep(lostForMs);
    for (const { near, far } of broken) {
      near.destroy();
      far.destroy();
    }
    return broken.length;
  }

  return {
    url: through.href,
    cut,
    stall() {
      isStalled = true;
      for (const { near, far } of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    restore() {
      isStalled = false;
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
    },
    async close() {
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
