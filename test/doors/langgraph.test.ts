import { execFile } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { createHome } from "../e2e/home.ts";

vi.setConfig({ testTimeout: 120_000 });
const example = path.join(import.meta.dirname, "../../examples/langgraph");

test("the agent of LangGraph: model and tools through one door, streaming, and on record", async () => {
  const home = createHome();
  const document = readFileSync(path.join(example, "countersign.yaml"), "utf8");
  const server = JSON.stringify(path.join(example, "stock-server.ts"));
  const placed = document.replace("[node, stock-server.ts]", `[node, ${server}]`);
  expect(placed).not.toBe(document);
  writeFileSync(path.join(home.directory, "countersign.yaml"), placed);
  copyFileSync(path.join(example, "scripted.yaml"), path.join(home.directory, "scripted.yaml"));
  const up = await home.up();
  const key = readFileSync(path.join(home.directory, "config/countersign/caller.key"), "utf8");
  const environment = { ...home.environment, COUNTERSIGN_URL: up.url };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(example, "agent.ts"), "How many bolts are left?"],
    { env: { ...environment, COUNTERSIGN_API_KEY: key.trim() } },
  );
  expect(stdout).toBe("Let me look.\nThere are 17 bolts left.\n");
  await vi.waitFor(async () => {
    const response = await fetch(`${up.url}/v1/receipts`, {
      headers: { authorization: `Bearer ${home.key("admin")}` },
    });
    const { receipts } = (await response.json()) as {
      receipts: { kind: string; tool: string | null; outcome: string }[];
    };
    // A read's entry follows its answer, so it may stand behind the next one.
    const shown = receipts.map(({ kind, tool, outcome }) => `${kind} ${tool} ${outcome}`);
    expect(shown.toSorted()).toEqual([
      "completion assistant answered",
      "completion assistant answered",
      "outcome count answered",
    ]);
  });
});
