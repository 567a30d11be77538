import path from "node:path";
import { existsSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { startGateUnderTest, whenListed } from "../mcp/gate-under-test.ts";
import { createModernClient } from "../mcp/raw-clients.ts";

type Json = Record<string, unknown>;

const program = path.join(import.meta.dirname, "hostile-program.ts");

async function open(mode = "well", more: Json = {}, gateMore: Json = {}) {
  const command = [process.execPath, program, mode];
  const gate = await startGateUnderTest({
    gate: { resultSize: "64KiB", ...gateMore },
    servers: { bad: { transport: "stdio", command, sandbox: "none", ...more } },
  });
  const client = createModernClient({ url: gate.url, answer: () => ({}) });
  return {
    gate,
    call: (how: string) => client.request("tools/call", { name: "bad__act", arguments: { how } }),
    state: () => gate.gate.registry.catalog().servers.get("bad")!.state,
  };
}

async function openListed(...given: Parameters<typeof open>) {
  const opened = await open(...given);
  await whenListed(opened.gate);
  return opened;
}

const done = { result: { content: [{ text: "done" }] } };

test("garbage, answers to nobody, answers that come twice and floods harm no call", async () => {
  const { call } = await openListed();
  for (const how of ["garbage", "stranger", "complain", "flood"])
    expect(await call(how), how).toMatchObject(done);
  expect(await call("twice")).toMatchObject({ result: { content: [{ text: "first" }] } });
  expect(await call("well")).toMatchObject(done);
});

test("answers in another order go to whom they are for", async () => {
  const { call } = await openListed();
  const both = await Promise.all([call("reverse"), call("reverse")]);
  const texts = both.map(({ result }) => JSON.stringify(result));
  expect(new Set(texts).size).toBe(2);
});

test("a line without an end is cut at the bound, and the program is replaced", async () => {
  const { call } = await openListed();
  expect(await call("endless")).toMatchObject({ error: { data: { fault: "upstream_lost" } } });
  expect(await call("well")).toMatchObject(done);
});

test("a program that ends in the middle of a call loses that call, and the next one has another program", async () => {
  const { call } = await openListed();
  const [lost, alsoLost] = await Promise.all([call("exit"), call("reverse")]);
  for (const each of [lost, alsoLost])
    expect(each).toMatchObject({ error: { data: { fault: "upstream_lost", retryable: false } } });
  expect(await call("well")).toMatchObject(done);
});

test("a program that ends at every start is named with its last words, and not started over and over", async () => {
  const { gate, state } = await open("dies-at-once");
  await gate.gate.registry.refresh("bad");
  await vi.waitFor(() =>
    expect(state()).toMatchObject({
      kind: "down",
      message: expect.stringMatching(/there is no configuration|keeps ending/),
    }),
  );
  for (let times = 0; times < 20; times += 1) await gate.gate.registry.refresh("bad");
  // Twenty more looks have started it at most a few times: it says when it is started again.
  expect(state()).toMatchObject({ message: expect.stringContaining("started again in") });
});

test("a program gets its own environment, and nothing of ours", async () => {
  process.env["A_SECRET_OF_OURS"] = "do not tell";
  try {
    const { call } = await openListed("well", { environment: { ITS_OWN: { value: "told" } } });
    const said = JSON.stringify(await call("environment"));
    expect(said).toContain("told");
    expect(said).not.toContain("do not tell");
  } finally {
    delete process.env["A_SECRET_OF_OURS"];
  }
});

test("what a program started ends with it, and one that will not go is ended", async () => {
  const { gate, call } = await openListed("stays");
  const { result } = (await call("child")) as { result: { content: { text: string }[] } };
  const pid = Number(result.content[0]!.text);
  expect(isRunning(pid)).toBe(true);
  await gate.gate.close();
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 5_000);
}, 30_000);

/** A zombie that nobody has waited for is over. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return false;
  try {
    return !/\) Z /.test(readFileSync(file, "utf8"));
  } catch {
    return false;
  }
}
