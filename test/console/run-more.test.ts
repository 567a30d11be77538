import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, test, vi } from "vitest";
import { starterRules } from "../../src/model/starter-rules.ts";
import { openBrowser } from "../browser.ts";
import { createHome } from "../e2e/home.ts";
import { startTestApi } from "../start-api.ts";
import { findBarriers } from "./find-barriers.ts";
import { listenForErrors, openConsole } from "./open-console.ts";
import { buildConsole, servePage } from "./serve-mock.ts";

// The product whole, with its database, beside a browser.
vi.setConfig({ testTimeout: 180_000 });

const browser = openBrowser();
const files = buildConsole("production");
const program = path.join(import.meta.dirname, "../e2e/booking-program.ts");

const toDocument = (booked: string) => ({
  version: 1,
  policy: { rules: { starter: starterRules } },
  servers: {
    air: { transport: "stdio", command: [process.execPath, program, booked], sandbox: "none" },
  },
  models: {
    backends: {
      demo: { kind: "scripted", script: "demo.yaml", prices: { input: "1", output: "1" } },
    },
    routes: { demo: [[{ backend: "demo" }]] },
  },
  agents: {
    travel: {
      description: "Books flights.",
      model: "demo",
      instructions: "You book flights.",
      tools: ["air__book"],
      waits: true,
    },
  },
});
const script = `
name: demo
turns:
  - when: { last: user, contains: Wait for }
    calls: [{ tool: run__wait_for_signal, args: { seconds: 600, name: paid } }]
  - when: { last: user }
    say: I book it.
    calls: [{ tool: air__book, args: { flight: BA 117 } }]
  - say: It is done.
`;

async function openOffice() {
  const home = createHome();
  const document = toDocument(path.join(home.directory, "booked.jsonl"));
  writeFileSync(path.join(home.directory, "demo.yaml"), script);
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  return { home, url: up.url, key: home.key("admin") };
}

type Office = Awaited<ReturnType<typeof openOffice>>;

/** A run that asked a person, was let, and is over. */
async function runToItsEnd({ home }: Office): Promise<string> {
  const asked = await home.run("run", "travel", "Book it.", "--follow");
  const [, id = ""] = /^Run (\S+)$/m.exec(asked.err) ?? [];
  const [, approval = "", digest = ""] =
    /countersign approve (\S+) --digest (\S+)/.exec(asked.err) ?? [];
  expect((await home.run("approve", approval, "--digest", digest)).code, asked.err).toBe(0);
  expect((await home.run("runs", "logs", id, "--follow")).code).toBe(0);
  return id;
}

const view = (page: Page, title: string) =>
  page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: title }).click();
const isClean = async (page: Page) => expect(await findBarriers(page)).toEqual([]);

test("a run says why, is forked and cancelled from its page, and opens from a file without a key", async (context) => {
  const office = await openOffice();
  const { home, url, key } = office;
  const id = await runToItsEnd(office);
  const page = await browser.newPage(context);
  const errors = listenForErrors(page);
  await servePage(page, files());

  await openConsole(page, { url, key, path: `/runs/${id}?tab=why` });
  const chain = page.getByRole("article");
  await chain.getByRole("heading", { name: "Decided: ask a person" }).waitFor();
  await chain.getByText("starter/effects-ask").first().waitFor();
  await chain.getByRole("heading", { name: "A person was asked: approved" }).waitFor();
  await chain.getByRole("link", { name: /^Verify the receipt/ }).waitFor();
  await isClean(page);
  await view(page, "Context");
  await page.getByRole("heading", { name: "Window at step 1" }).waitFor();
  await page.keyboard.press("k");
  await page.getByRole("heading", { name: "Window at step 0" }).waitFor();
  await page.locator("summary", { hasText: "input" }).click();
  await page.getByLabel("Text").getByText("Book it.").waitFor();
  await isClean(page);
  await view(page, "Outside in");
  await page.getByRole("heading", { name: "Admission and queue" }).waitFor();
  await page.getByText("approved after").waitFor();
  await isClean(page);

  await page.getByRole("button", { name: "Fork" }).click();
  await page.getByLabel("The last step that it knows of").selectOption("0");
  await page.getByRole("button", { name: "Fork the run" }).click();
  await page.getByRole("dialog").getByRole("link").click();
  await page.waitForFunction(`!location.pathname.endsWith("${id}")`);
  const fork = new URL(page.url()).pathname.split("/").at(-1)!;
  const forked = JSON.parse((await home.run("runs", "explain", fork, "--json")).out) as object;
  expect(forked).toMatchObject({ identity: { forkOf: { run: id, step: 0 } } });

  const waiting = (await home.run("run", "travel", "Wait for the signal.")).out.trim();
  await page.evaluate(`history.pushState({}, "", "/runs/${waiting}")`);
  await page.getByText("waiting", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByText("It has changed nothing.").waitFor();
  await isClean(page);
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await page.getByText("cancelled", { exact: true }).first().waitFor();
  const shown = JSON.parse((await home.run("runs", "show", waiting, "--json")).out) as object;
  expect(shown).toMatchObject({ state: "cancelled" });
  const pause = page.getByRole("button", { name: "Pause" });
  expect(await pause.getAttribute("title")).toContain("It has ended for good.");

  const file = path.join(home.directory, "run.json");
  writeFileSync(file, (await home.run("runs", "export", id, "--contents")).out);
  await openWithoutKey(context, file);
  expect(errors).toEqual([]);
});

/** Over a server that knows no run at all: whoever asks it for one would be refused. */
async function openWithoutKey(context: Parameters<typeof browser.newPage>[0], file: string) {
  const page = await browser.newPage(context);
  const errors = listenForErrors(page);
  const { url } = await startTestApi({ console: files() });
  const asked: string[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname.startsWith("/v1/")) asked.push(request.url());
  });
  await page.goto(`${url}/open`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await isClean(page);
  const choose = page.locator("input[type=file]");
  const wrong = { ...(JSON.parse(readFileSync(file, "utf8")) as object), version: 9 };
  const buffer = Buffer.from(JSON.stringify(wrong));
  await choose.setInputFiles({ name: "later.json", mimeType: "application/json", buffer });
  await page.getByRole("alert").getByText("The file is of version 9").waitFor();
  await isClean(page);
  await choose.setInputFiles(file);
  await page.getByRole("heading", { level: 1, name: "travel" }).waitFor();
  await view(page, "Context");
  await page.getByRole("heading", { name: "Window at step 1" }).waitFor();
  await view(page, "Why");
  await page.getByText("It is not in the file.").first().waitFor();
  await page.getByLabel("Arguments").getByText("BA 117").waitFor();
  await view(page, "Outside in");
  await page.getByRole("heading", { name: "Delivery" }).waitFor();
  await isClean(page);
  await page.getByRole("button", { name: "Close the file" }).click();
  await page.getByRole("heading", { name: "Drop an exported run here" }).waitFor();
  expect([asked, errors]).toEqual([[], []]);
}
