import { expect, test } from "vitest";
import { makeServer } from "../../test/made-up-call.ts";
import type { TenantId } from "../model/index.ts";
import type { Credentials } from "../ports/credentials.ts";
import { createInMemorySecrets } from "../ports/in-memory-secrets.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { emptyLeakScan } from "../ports/leak-scan.ts";
import type { Connector, Upstream } from "../ports/upstream.ts";
import { ConnectionPool } from "./connections.ts";
import { createGuard } from "./guard-upstream.ts";

function open() {
  const telemetry = createInMemoryTelemetry();
  const closed: string[] = [];
  const connector: Connector = {
    connect: async ({ subject }): Promise<Upstream> => ({
      facts: { era: "legacy", version: "", serverInfo: null, capabilities: {}, instructions: null },
      sandbox: null,
      outstanding: 0,
      send: () => Promise.reject(new Error("nothing is sent")),
      watch: async () => undefined,
      close: async () => void closed.push(subject),
    }),
  };
  const pool = new ConnectionPool({
    servers: { up: makeServer("up").config },
    connectors: {
      http: connector,
      sse: connector,
      stdio: connector,
      workbench: connector,
      internal: connector,
    },
    secrets: createInMemorySecrets(new Map()),
    credentials: {} as Credentials,
    tenant: "default" as TenantId,
    telemetry,
    guard: createGuard({ scan: emptyLeakScan, telemetry }),
    indexes: { listen: (_, upstream) => upstream },
  });
  const { signal } = new AbortController();
  const get = (subject: string): Promise<Upstream> =>
    pool.get({ server: "up", endpoint: "https://up.example/mcp", subject }, signal);
  return { closed, get };
}

test("at the bound the session that was idle longest goes, and never the one that all share", async () => {
  const { closed, get } = open();
  const shared = await get("");
  for (let at = 0; at < 999; at += 1) await get(`caller-${at}`);
  await get("caller-0");
  expect(closed).toEqual([]);
  await get("another");
  await get("one-more");
  expect(closed).toEqual(["caller-1", "caller-2"]);
  expect(await get("")).toBe(shared);
});
