import { expect, test } from "vitest";
import { openBrowser } from "../browser.ts";
import { startTestApi } from "../start-api.ts";
import { findBarriers } from "./find-barriers.ts";
import { listenForErrors, openConsole } from "./open-console.ts";
import { buildMockConsole } from "./serve-mock.ts";

const browser = openBrowser();
const mock = buildMockConsole();

test("keys lead everywhere: the palette by a word, a page by two letters", async (context) => {
  const page = await browser.newPage(context);
  const errors = listenForErrors(page);
  const { url } = await startTestApi({ console: mock() });
  await openConsole(page, { url, key: "any", path: "/runs" });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("ledg");
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
