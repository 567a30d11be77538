import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";
import { layOutCluster } from "./cluster.ts";

export interface TestPostgres {
  url(): string;
  server(): EmbeddedPostgres;
  /** An empty database of its own, on the file's server. */
  freshDatabase(): Promise<string>;
}

/** One real Postgres for the test file: started before its first test, gone after its last. */
export function usePostgres(): TestPostgres {
  let server: EmbeddedPostgres | undefined;
  let count = 0;
  const directory = mkdtempSync(path.join(tmpdir(), "cs-pg-"));

  beforeAll(async () => {
    const dataDir = path.join(directory, "pg");
    await layOutCluster(dataDir);
    server = await startEmbeddedPostgres({
      dataDir,
      clock: systemClock,
      random: systemRandom,
      log: () => undefined,
    });
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function started(): EmbeddedPostgres {
    if (server === undefined) throw new Error("Postgres is there from beforeAll on");
    return server;
  }

  return {
    url: () => started().url,
    server: started,
    async freshDatabase() {
      const name = `test_${(count += 1)}`;
      const client = new pg.Client({ connectionString: started().url });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      const url = new URL(started().url);
      url.pathname = `/${name}`;
      return url.toString();
    },
  };
}
