import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, describe, test } from "vitest";
import { makePostgresStore } from "./postgres-store-under-test.ts";
import { describeStore } from "./store.ts";

// A managed, a highly available or a compatible Postgres: whatever the URL names. It must let us
// make a database, which is dropped at the end.
const server = process.env["COUNTERSIGN_TEST_POSTGRES_URL"];

if (server === undefined) {
  describe("Store: Postgres by URL", () => {
    // oxlint-disable-next-line vitest/expect-expect -- it is listed as not run, with its reason
    test("conforms", (context) => context.skip("COUNTERSIGN_TEST_POSTGRES_URL is not set"));
  });
} else {
  const name = `countersign_test_${randomBytes(6).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  afterAll(() => ask(server, `drop database if exists ${name}`));
  describeStore("Postgres by URL", async () => {
    await ask(server, `create database ${name}`);
    return makePostgresStore(url.href);
  });
}

async function ask(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
}
