import { test } from "vitest";
import { makePostgresStore } from "../conformance/postgres-store-under-test.ts";
import { usePostgres } from "../postgres.ts";
const postgres = usePostgres();
test("x", { timeout: 120000 }, async () => {
  const u = await makePostgresStore(await postgres.freshDatabase());
  const d = u.store.deliveries; const tenant = "default" as never;
  const put = (n: number) => d.put({ tenant, hook: "chat", event: `e${n}`, body: new Uint8Array(300), nowMs: 1, dueAtMs: 1 }, 10_000);
  let g = 0;
  for (let i = 0; i < 11_000; i += 50) for (const r of await Promise.all(Array.from({ length: 50 }, (_, j) => put(i + j)))) g += r.givenUp;
  console.log("given up ms", g);
  let t = performance.now(); for (let i = 0; i < 200; i++) await put(20_000 + i); console.log("put at bound ms", (performance.now() - t) / 200);
  t = performance.now(); for (let i = 0; i < 200; i++) await d.take({ tenant, hook: "chat", nowMs: 2, leaseMs: 60000, limit: 4 }); console.log("take ms", (performance.now() - t) / 200);
  await u.close();
});
