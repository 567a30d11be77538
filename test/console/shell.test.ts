import { expect, test } from "vitest";
import { openBrowser } from "../browser.ts";
import { startTestApi } from "../start-api.ts";
import { findBarriers } from "./find-barriers.ts";
import { listenForErrors, openConsole } from "./open-console.ts";
import { buildMockConsole } from "./serve-mock.ts";

const browser = openBrowser();
const mock = buildMockConsole();
const run = "01900000-0000-7000-8000-000000000001";

test("keys lead everywhere: the palette by a word, a page by two letters", async (context) => {
  const page = await browser.newPage(context);
  const errors = listenForErrors(page);
  const { url } = await startTestApi({ console: mock() });
  await openConsole(page, { url, key: "any", path: "/runs" });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "A page, an action, or an id" }).fill("ledg");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Ledger" }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.getByRole("heading", { level: 1, name: "Costs" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/costs");
  expect(await findBarriers(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test("a key that is not accepted is said to be, and nothing is shown", async (context) => {
  const page = await browser.newPage(context);
  const { url } = await startTestApi({ console: mock() });
  await page.goto(`${url}/settings`);
  await page.getByLabel("Key or access token").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("This key is not known.").waitFor();
  expect(await page.getByRole("navigation").count()).toBe(0);
  expect(await findBarriers(page)).toEqual([]);
});

test("a page that is older than its server says so, and what was open stays", async (context) => {
  const page = await browser.newPage(context);
  const { url } = await startTestApi({ console: mock() });
  const gone = /\/assets\/(?:costs-page|events-tab)-[^/]*\.js$/;
  await page.route(gone, (route) => route.fulfill({ status: 404, body: "{}" }));
  await openConsole(page, { url, key: "any", path: `/runs/${run}` });
  await page.getByRole("tree", { name: "Spans" }).waitFor();
  await page.getByRole("link", { name: "Events", exact: true }).click();
  const upgraded = page.getByRole("alert").filter({ hasText: "Countersign was upgraded: reload" });
  await upgraded.waitFor();
  expect(await findBarriers(page)).toEqual([]);
  // A view that broke takes neither the run nor its other views along, and a page not the shell.
  await page.getByRole("link", { name: "Timeline", exact: true }).click();
  await page.getByRole("tree", { name: "Spans" }).waitFor();
  await page.getByRole("link", { name: "Costs", exact: true }).click();
  await upgraded.waitFor();
  await page.getByRole("link", { name: "Ledger", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Ledger" }).waitFor();
  await page.unroute(gone);
  await page.getByRole("link", { name: "Costs", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Costs" }).waitFor();
});

test("where there was no newer part either, the page is loaded anew when somebody says so", async (context) => {
  const page = await browser.newPage(context);
  const { url } = await startTestApi({ console: mock() });
  await page.route(/\/assets\/costs-page-/, (route) => route.fulfill({ status: 404, body: "{}" }));
  await openConsole(page, { url, key: "any", path: "/runs" });
  let loads = 0;
  page.on("load", () => (loads += 1));
  await page.getByRole("link", { name: "Costs", exact: true }).click();
  const reload = page.getByRole("button", { name: "Reload" });
  await reload.waitFor();
  expect(loads).toBe(0);
  await reload.click();
  await page.getByLabel("Key or access token").waitFor();
  expect(loads).toBe(1);
});
