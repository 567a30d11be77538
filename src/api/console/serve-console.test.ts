import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { startTestApi } from "../../../test/start-api.ts";
import { routes } from "../routes.ts";
import { readConsole } from "./read-console.ts";
import { isConsole } from "./serve-console.ts";

/** A folder as a build leaves it. */
function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-console-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, "assets"));
  writeFileSync(path.join(folder, "index.html"), "<!doctype html><title>Countersign</title>");
  writeFileSync(path.join(folder, "assets", "index-a1b2.js"), "console.log(1);".repeat(100));
  writeFileSync(path.join(folder, "assets", "letters.woff2"), Buffer.from([1, 2, 3]));
  writeFileSync(path.join(folder, "assets", "notes.txt"), "not sent: no type is known for it");
  return folder;
}

const start = () => startTestApi({ console: readConsole(makeFolder()) });

test.each(["/", "/approvals", "/approvals/1", "/runs/1?tab=why", "/bundles/a/b", "/settings"])(
  "%s is the page, for everybody, under a policy that lets no other script in",
  async (place) => {
    const { url } = await start();
    const answer = await fetch(url + place);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("<title>Countersign</title>");
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    const policy = answer.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("trusted-types 'none'");
    expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  },
);

test("a file whose name has its digest is kept by browsers for ever, and is packed where they take it", async () => {
  const { url } = await start();
  const place = `${url}/assets/index-a1b2.js`;
  const packed = await fetch(place, { headers: { "accept-encoding": "br, gzip" } });
  expect(packed.headers.get("content-encoding")).toBe("gzip");
  expect(packed.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(packed.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(await packed.text()).toBe("console.log(1);".repeat(100));
  const plain = await fetch(place, { headers: { "accept-encoding": "gzip;q=0" } });
  expect(plain.headers.get("content-encoding")).toBeNull();
  const etag = plain.headers.get("etag")!;
  const again = await fetch(place, { headers: { "if-none-match": etag } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  for (const known of [`W/${etag}`, `"another", ${etag}`])
    expect((await fetch(place, { headers: { "if-none-match": known } })).status).toBe(304);
  const old = await fetch(place, { headers: { "if-none-match": '"another"' } });
  expect([old.status, (await old.text()).length]).toEqual([200, 1_500]);
  const head = await fetch(place, {
    method: "HEAD",
    headers: { "accept-encoding": "identity" },
  });
  expect([head.headers.get("content-length"), await head.text()]).toEqual(["1500", ""]);
});

test("letters are packed already and are sent as they are", () => {
  const files = readConsole(makeFolder())!;
  expect(files.get("/assets/letters.woff2")!.gzip).toBeNull();
  expect(gunzipSync(files.get("/index.html")!.gzip!).toString()).toContain("Countersign");
});

test("only what was read is there: no path leads out of the folder", async () => {
  const { url } = await start();
  for (const place of [
    "/assets/notes.txt",
    "/assets//index.html",
    "/assets/..%2f..%2fpackage.json",
    "/assets/constructor",
    "/assets/",
  ]) {
    const answer = await fetch(url + place);
    expect([place, answer.status]).toEqual([place, 404]);
    expect(await answer.json()).toMatchObject({ error: { code: "not_found" } });
  }
});

test("takes GET alone", async () => {
  const { url } = await start();
  const answer = await fetch(`${url}/approvals`, { method: "POST" });
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test("where it was not built, that is said", async () => {
  expect(readConsole(path.join(tmpdir(), "countersign-has-no-such-folder"))).toBeNull();
  const { url } = await startTestApi({});
  const answer = await fetch(`${url}/`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({
    error: { message: "The console was not built. `npm run build` builds it." },
  });
});

test("paths of the API are not the console's", () => {
  for (const place of [
    "/v1/runs",
    "/mcp",
    "/health",
    "/passkeys",
    "/connect",
    "/runs/a/b/c",
    "/run",
  ])
    expect([place, isConsole(place)]).toEqual([place, false]);
  for (const { path: place } of Object.values(routes))
    expect([place, isConsole(place)]).toEqual([place, false]);
});
