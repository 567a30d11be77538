import type { Request } from "playwright-core";
import { expect, test } from "vitest";
import { openBrowser } from "../browser.ts";
import { approverKey, startTestApi } from "../start-api.ts";
import { openConsole } from "./open-console.ts";
import { buildConsole } from "./serve-mock.ts";

const browser = openBrowser();
const files = buildConsole("production");

/** What a phone on a slow line waits for before it can decide anything: some two seconds at 100 KB/s. */
const mostBytes = 200_000;

test("the inbox is there after 200 KB: the page, its scripts, its look and its letters", async (context) => {
  const page = await browser.newPage(context);
  const loaded: Request[] = [];
  page.on("requestfinished", (request) => loaded.push(request));
  const { url } = await startTestApi({ console: files() });
  await openConsole(page, { url, key: approverKey, path: "/approvals" });
  await page.getByRole("heading", { level: 1, name: "Inbox" }).waitFor();
  await page.evaluate("document.fonts.ready.then(() => null)");
  const parts: { readonly path: string; readonly bytes: number }[] = [];
  for (const request of loaded) {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/v1/")) continue;
    const response = (await request.response())!;
    const { "content-encoding": encoding = null } = response.headers();
    // As they came over the line, packed; what the browser had by then comes no second time.
    const bytes = Number(response.headers()["content-length"]);
    if (parts.every(({ path }) => path !== pathname)) parts.push({ path: pathname, bytes });
    expect([pathname, encoding]).toEqual([pathname, pathname.endsWith(".woff2") ? null : "gzip"]);
  }
  const sum = parts.reduce((before, { bytes }) => before + bytes, 0);
  const lines = parts.map(({ path, bytes }) => `${path} ${bytes}`);
  process.stdout.write(`first load: ${sum} bytes\n${lines.join("\n")}\n`);
  for (const kind of [/^\/approvals$/, /\/inbox-page-.*\.js$/, /\.css$/, /\.woff2$/])
    expect(parts.some(({ path, bytes }) => kind.test(path) && bytes > 0)).toBe(true);
  expect(sum).toBeLessThanOrEqual(mostBytes);
});
