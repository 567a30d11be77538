import { expect, test, vi } from "vitest";
import type { TenantId } from "../../src/model/index.ts";
import { startHttpFixture } from "./fixture-http.ts";
import type { Era } from "./fixture-server.ts";
import { startGateUnderTest, whenListed } from "./gate-under-test.ts";
import { createLegacyClient, createModernClient } from "./raw-clients.ts";

const eras: readonly Era[] = ["modern", "legacy"];
const pairs = eras.flatMap((client) => eras.map((server) => ({ client, server })));
const uri = "fix://state";

type Fixture = Awaited<ReturnType<typeof startHttpFixture>>;

/** The URIs that the server was asked to watch last. */
function watchedOf({ requests }: Fixture): readonly unknown[] {
  const watched = new Set<unknown>();
  for (const { method, params } of requests as { method: string; params: never }[]) {
    const { uri: one, notifications } = (params ?? {}) as {
      uri?: string;
      notifications?: { resourceSubscriptions?: string[] };
    };
    if (method === "resources/subscribe") watched.add(one);
    if (method === "resources/unsubscribe") watched.delete(one);
    if (method !== "subscriptions/listen") continue;
    watched.clear();
    for (const each of notifications?.resourceSubscriptions ?? []) watched.add(each);
  }
  return [...watched];
}

/** Past the gate, so that it changes although it is frozen there. */
async function touch({ url }: Fixture): Promise<void> {
  const params = { name: "touch", arguments: {} };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 9_000, method: "tools/call", params });
  await (await fetch(url, { method: "POST", body })).text();
}

test.each(pairs)(
  "a freeze ends a running subscription: $client client, $server server",
  async (pair) => {
    const fixture = await startHttpFixture(pair.server);
    const gate = await startGateUnderTest({
      servers: { fix: { transport: "http", url: fixture.url, private: true } },
    });
    await whenListed(gate);
    const options = { url: gate.url, answer: () => ({}) };
    const client =
      pair.client === "modern" ? createModernClient(options) : await createLegacyClient(options);
    await client.listen([uri]);
    const told = () =>
      client.notifications.filter(({ method }) => method === "notifications/resources/updated");
    await vi.waitFor(async () => {
      await touch(fixture);
      expect(told().length).toBeGreaterThan(0);
    }, 5_000);
    expect(watchedOf(fixture)).toEqual([uri]);

    const row = { tenant: "default" as TenantId, kind: "server", name: "fix" } as const;
    await gate.store.freezes.put({ ...row, reason: "why", by: "admin", atMs: 0 });
    await vi.waitFor(() => expect(watchedOf(fixture)).toEqual([]), 5_000);
    const before = told().length;
    await touch(fixture);
    // Lists are told still: what came before them would be here by then.
    const lists = () => client.notifications.length - told().length;
    const listsBefore = lists();
    await fetch(fixture.url, {
      method: "POST",
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 9_001,
        method: "tools/call",
        params: { name: "grow", arguments: {} },
      }),
    });
    await vi.waitFor(() => expect(lists()).toBeGreaterThan(listsBefore), 5_000);
    expect(told()).toHaveLength(before);

    await gate.store.freezes.lift({ ...row, by: "admin", atMs: 1 });
    await vi.waitFor(() => expect(watchedOf(fixture)).toEqual([uri]), 5_000);
    await vi.waitFor(() => expect(told().length).toBeGreaterThan(before), 5_000);
  },
);
