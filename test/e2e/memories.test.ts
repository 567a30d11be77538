import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { createHome } from "./home.ts";

const document = `version: 1
memory: { language: english }
policy: { rule: allow-all }
`;

test("what is kept survives a restart, is found misspelt with its age, is measured, and is erased", async () => {
  const home = createHome();
  writeFileSync(path.join(home.directory, "countersign.yaml"), document);
  const first = await home.up();
  home.environment["COUNTERSIGN_URL"] = first.url;
  const call = async (tool: string, args: object) => {
    const ran = await home.run("tools", "call", `memory__${tool}`, JSON.stringify(args));
    expect([ran.code, ran.err]).toEqual([0, ""]);
    return ran.out;
  };
  const seat = { key: "seat", text: "Prefers a seat at the window." };
  expect(await call("remember", seat)).toContain("Kept under seat.");
  first.kill("SIGTERM");
  expect(await first.ended).toBe(0);

  const second = await home.up();
  home.environment["COUNTERSIGN_URL"] = second.url;
  const recalled = await call("recall", { query: "widnow seats" });
  expect(recalled).toContain("Prefers a seat at the window.");
  expect(recalled).toContain("This memory was last written to");
  const headers = { authorization: `Bearer ${home.key("admin")}` };
  const metrics = await (await fetch(`${second.url}/metrics`, { headers })).text();
  expect(metrics).toMatch(/countersign_memory_rows\{scope="subject"\} 1/);
  expect(metrics).toMatch(/countersign_memory_stale_share\{scope="subject"\} 0/);
  const receipts = await home.run("receipts", "ls");
  expect(receipts.out).toContain("remember");
  const list = await home.run("tools", "ls");
  expect(list.out).toContain("memory__recall");
  const erased = await home.run("privacy", "erase", "--subject", "service:admin", "--yes");
  expect(erased.out).toContain("1 memory");
  expect(await call("recall", { query: "window seat" })).toContain("0 of 0 memories.");
}, 120_000);
