import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { usePostgres } from "../postgres.ts";
import { tell } from "../start-api.ts";
import { createHome, type Home } from "./home.ts";

vi.setConfig({ testTimeout: 120_000 });
const postgres = usePostgres();

function write(home: Home, bodySize: string): void {
  const document = `version: 1
store:
  kind: postgres
  url: env://DATABASE_URL
limits:
  bodySize: ${bodySize}
`;
  writeFileSync(path.join(home.directory, "countersign.yaml"), document);
}

test("two servers on one Postgres by URL serve the same revision, and drain apart", async () => {
  const url = await postgres.freshDatabase();
  const homes = [createHome(), createHome()] as const;
  for (const home of homes) {
    home.environment["DATABASE_URL"] = url;
    write(home, "4MiB");
  }
  const [first, second] = [await homes[0].up(), await homes[1].up()];
  expect(first.ready["revision"]).toBe(second.ready["revision"]);
  expect(JSON.stringify([first.events, second.events])).not.toContain(new URL(url).password);

  write(homes[0], "8MiB");
  homes[0].environment["COUNTERSIGN_URL"] = first.url;
  const applied = await homes[0].run("apply", "--json");
  const { digest } = JSON.parse(applied.out) as { digest: string };
  const serving = async () =>
    (await tell(second.url, "/v1/config", { key: homes[1].key("admin") })).headers.etag;
  for (let tries = 0; (await serving()) !== `"${digest}"` && tries < 100; tries++) {
    await systemClock.sleep(50);
  }
  expect(await serving()).toBe(`"${digest}"`);

  first.kill("SIGTERM");
  expect(await first.ended).toBe(0);
  expect((await tell(second.url, "/ready", { key: null })).status).toBe(200);
  second.kill("SIGTERM");
  expect(await second.ended).toBe(0);
});

test("a Postgres that is not there ends the start, and no secret is told", async () => {
  const home = createHome();
  home.environment["DATABASE_URL"] = "postgres://nobody:secret@127.0.0.1:1/none";
  write(home, "4MiB");
  const refused = await home.run("up", "--json", "--listen", "127.0.0.1:0");
  const last = JSON.parse(refused.out.trim().split("\n").at(-1)!) as { error: { code: string } };
  expect([refused.code, last.error.code]).toEqual([75, "store_unavailable"]);
  expect(refused.out + refused.err).not.toContain("secret");

  const missing = createHome();
  write(missing, "4MiB");
  const unset = await missing.run("up", "--json", "--listen", "127.0.0.1:0");
  expect([unset.code, unset.out]).toEqual([2, expect.stringContaining("secret_unresolved")]);
});
