import { writeFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { TestPostgres } from "../postgres.ts";
import { createHome, type Home, type Up } from "./home.ts";
import { toDocument, toScript } from "./run-document.ts";
import { callerKey, startPayServer, type PayServer } from "./settle-scene.ts";

type Json = Record<string, unknown>;

/** One copy of the product, which is killed, frozen, thawed and started again. */
export interface RunReplica {
  /** Null while it is down or frozen. */
  url(): string | null;
  start(): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface RunScene {
  readonly server: PayServer;
  readonly replicas: readonly RunReplica[];
  readonly home: Home;
  /** REST, at any replica that can answer; null where none did. */
  tell(who: Who, where: string, sent?: Sent): Promise<Told | null>;
}

export interface SharedScene extends RunScene {
  /** The installation's own database, looked at from outside. */
  readonly pool: pg.Pool;
}

type Who = "admin" | "approver" | "caller";

interface Sent {
  readonly body: object;
  readonly key?: string;
}

interface Told {
  readonly status: number;
  readonly body: Json;
}

/** A payment takes up to twice as long: a kill finds some of them under way. */
const pauseMs = 400;
/** One that was frozen meanwhile does not answer. */
const answerWithinMs = 5_000;

/** Replicas on one Postgres, looked at from outside. */
export async function openSharedScene(postgres: TestPostgres, count: number): Promise<SharedScene> {
  const databaseUrl = await postgres.freshDatabase();
  const store = { kind: "postgres", url: "env://DATABASE_URL" };
  const scene = await openRunScene({ count, store, databaseUrl });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  // Postgres is restarted under it.
  pool.on("error", () => undefined);
  onTestFinished(() => pool.end());
  return { ...scene, pool };
}

/** One replica, with a Postgres of its own. */
export const openAloneScene = (): Promise<RunScene> =>
  openRunScene({ count: 1, store: { kind: "embedded" }, databaseUrl: "" });

interface RunSceneOptions {
  readonly count: number;
  readonly store: object;
  readonly databaseUrl: string;
}

/** Replicas of one installation, whose agents pay: one store, one user's keys. */
async function openRunScene({ count, store, databaseUrl }: RunSceneOptions): Promise<RunScene> {
  const homes = Array.from({ length: count }, createHome);
  const [first] = homes as [Home, ...Home[]];
  const server = await startPayServer(first.directory, pauseMs);
  const checkpoints = path.join(first.directory, "checkpoints");
  const document = toDocument({ bank: server.url, store, checkpoints });
  const replicas = homes.map((home) => {
    Object.assign(home.environment, {
      DATABASE_URL: databaseUrl,
      CALLER_KEY: callerKey,
      XDG_CONFIG_HOME: first.environment["XDG_CONFIG_HOME"],
    });
    writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
    writeFileSync(path.join(home.directory, "script.json"), JSON.stringify(toScript()));
    return createReplica(home);
  });
  // The first one makes the keys.
  await replicas[0]!.start();
  await Promise.all(replicas.slice(1).map((replica) => replica.start()));
  const keys = { admin: first.key("admin"), approver: first.key("approver"), caller: callerKey };
  let asked = 0;
  return {
    server,
    replicas,
    home: first,
    async tell(who, where, sent) {
      const urls = replicas.map((replica) => replica.url()).filter((url) => url !== null);
      const url = urls[(asked += 1) % urls.length];
      return url === undefined ? null : ask(`${url}${where}`, keys[who], sent);
    },
  };
}

function createReplica(home: Home): RunReplica {
  let up: Up | null = null;
  let isFrozen = false;
  return {
    url: () => (up === null || isFrozen ? null : up.url),
    async start() {
      up = await home.up();
    },
    async kill() {
      const { kill, ended } = up!;
      up = null;
      kill("SIGKILL");
      await ended;
    },
    freeze() {
      isFrozen = true;
      up!.kill("SIGSTOP");
    },
    thaw() {
      up!.kill("SIGCONT");
      isFrozen = false;
    },
  };
}

/** Null: whoever was asked died, or was frozen. */
async function ask(url: string, key: string, sent: Sent | undefined): Promise<Told | null> {
  const named = sent?.key === undefined ? {} : { "idempotency-key": sent.key };
  try {
    const response = await fetch(url, {
      method: sent === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...named },
      signal: AbortSignal.timeout(answerWithinMs),
      ...(sent === undefined ? {} : { body: JSON.stringify(sent.body) }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  } catch {
    return null;
  }
}

/** The same until it is answered so; whoever is killed in between is asked elsewhere. */
export async function insist(
  scene: RunScene,
  isGood: (status: number) => boolean,
  ...asked: Parameters<RunScene["tell"]>
): Promise<Json> {
  const untilMs = systemClock.monotonicMs() + 60_000;
  let last: Told | null = null;
  while (systemClock.monotonicMs() < untilMs) {
    last = await scene.tell(...asked);
    if (last !== null && isGood(last.status)) return last.body;
    await systemClock.sleep(100);
  }
  throw new Error(`${asked[1]} was never answered: ${JSON.stringify(last)}`);
}

/** What Postgres says; null while it is away. */
export async function look<Row extends object>(
  { pool }: SharedScene,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[] | null> {
  try {
    return (await pool.query<Row>(text, [...values])).rows;
  } catch {
    return null;
  }
}
