import { writeFileSync } from "node:fs";
import path from "node:path";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createHome, type Home, type Up } from "./home.ts";

/** Replicas of one gate that are killed and come back, each under a new address. */
export interface Fleet {
  /** One that is up now, drawn by a number from 0 to 1. */
  pick(fraction: number): Replica;
  /** Kills one of those that are up, without a word, and has it come back. */
  killOne(fraction: number): Promise<void>;
  readonly kills: () => number;
}

export interface Replica {
  readonly url: string;
  isDead: boolean;
}

export const callerKey = "a-key-that-all-of-the-replicas-know";
export const adminKey = "an-admin-key-of-all-of-the-replicas";

const common = {
  version: 1,
  policy: { rule: "allow-all" },
  store: { kind: "postgres", url: "env://DATABASE_URL" },
  auth: {
    adminKey: "env://ADMIN_KEY",
    sealingKeys: ["env://SEALING_KEY"],
    vaultKeys: ["env://SEALING_KEY"],
    callers: { load: { key: "env://CALLER_KEY" } },
  },
};

/** On one Postgres, with one caller, who may call everything; the document says what there is to call. */
export async function startFleet(
  count: number,
  { document, databaseUrl }: { readonly document: object; readonly databaseUrl: string },
): Promise<Fleet> {
  const environment = {
    DATABASE_URL: databaseUrl,
    SEALING_KEY: "a-sealing-key-that-all-of-the-replicas-know",
    CALLER_KEY: callerKey,
    ADMIN_KEY: adminKey,
  };
  const up: Replica[] = [];
  const members = new Map<Replica, { readonly home: Home; readonly process: Up }>();
  let kills = 0;

  async function start(home: Home): Promise<void> {
    const process = await home.up();
    const replica = { url: process.url, isDead: false };
    await untilListed(home, process.url);
    members.set(replica, { home, process });
    up.push(replica);
  }

  for (let index = 0; index < count; index += 1) {
    const home = createHome();
    Object.assign(home.environment, environment);
    const whole = JSON.stringify({ ...common, ...document });
    writeFileSync(path.join(home.directory, "countersign.yaml"), whole);
    await start(home);
  }
  return {
    kills: () => kills,
    pick: (fraction) => up[Math.floor(fraction * up.length)]!,
    async killOne(fraction) {
      const [replica] = up.splice(Math.floor(fraction * up.length), 1);
      const { home, process } = members.get(replica!)!;
      replica!.isDead = true;
      kills += 1;
      process.kill("SIGKILL");
      await process.ended;
      await start(home);
    },
  };
}

async function untilListed(home: Home, url: string): Promise<void> {
  home.environment["COUNTERSIGN_URL"] = url;
  for (let tries = 0; tries < 200; tries += 1) {
    const response = await fetch(`${url}/v1/servers`, {
      headers: { authorization: `Bearer ${adminKey}` },
    });
    const { servers } = (await response.json()) as { servers: { state: string }[] };
    if (servers.every(({ state }) => state === "ready")) return;
    await systemClock.sleep(50);
  }
  throw new Error("the servers were not listed");
}
