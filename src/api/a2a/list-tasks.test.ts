import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { openA2a } from "../../../test/doors/a2a-under-test.ts";
import { ada } from "../../../test/runs/runs-under-test.ts";
import { Fault, type RunId } from "../../model/index.ts";

interface Page {
  readonly tasks: readonly { readonly id: RunId }[];
  readonly nextPageToken: string;
}

test("a task that is removed while a page is read is left out of it", async () => {
  const { call, make, desk } = await openA2a();
  const [kept, gone] = [make(ada), make(ada)];
  const read = desk.read.bind(desk);
  desk.read = async (tenant, run) => {
    if (run === gone) throw new Fault("not_found", "It is gone.");
    return read(tenant, run);
  };
  const { result } = (await call("ListTasks", {})).body as { readonly result: Page };
  expect(result.tasks.map(({ id }) => id)).toEqual([kept]);
});

test("a page ends where it would get too long, and the next one goes on from there", async () => {
  const { call, make, change } = await openA2a();
  const runs = Array.from({ length: 9 }, () => make(ada));
  for (const run of runs) change(run, { output: "x".repeat(1_048_576) });
  const found: RunId[] = [];
  const sizes: number[] = [];
  for (let pageToken = "", pages = 0; pages === 0 || pageToken !== ""; pages += 1) {
    const { body, text } = await call("ListTasks", { includeArtifacts: true, pageToken });
    const { tasks, nextPageToken } = body.result as Page;
    found.push(...tasks.map(({ id }) => id));
    sizes.push(text.length);
    pageToken = nextPageToken;
  }
  expect(found).toEqual(runs.toReversed());
  expect(sizes).toHaveLength(3);
  expect(Math.max(...sizes)).toBeLessThan(5_500_000);
});

test("for a client that has gone no page is read to its end", async () => {
  const { url, make, desk } = await openA2a();
  for (let at = 0; at < 100; at += 1) make(ada);
  let reads = 0;
  const read = desk.read.bind(desk);
  desk.read = async (tenant, run) => {
    reads += 1;
    await pause(10);
    return read(tenant, run);
  };
  const asking = request(new URL("/a2a/travel", url), {
    method: "POST",
    headers: {
      authorization: "Bearer ada",
      "content-type": "application/json",
      "a2a-version": "1.0",
    },
  });
  asking.on("error", () => undefined);
  const params = { statusTimestampAfter: "2099-01-01T00:00:00Z" };
  asking.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ListTasks", params }));
  await expect.poll(() => reads).toBeGreaterThan(2);
  asking.destroy();
  await pause(100);
  const before = reads;
  await pause(200);
  expect([reads, before < 50]).toEqual([before, true]);
});
