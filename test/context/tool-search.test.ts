import { expect, test, vi } from "vitest";
import { estimateTokens } from "../../src/model/skill-text.ts";
import { listManyTools } from "./many-tools.ts";
import { openDesk, type Wire } from "./tools-scene.ts";

// The product is a process of its own, beside its database and a server.
vi.setConfig({ testTimeout: 180_000 });

const find = "run__find_tools";
const turns = [
  {
    when: { last: "user", contains: "Refund" },
    calls: [{ tool: find, args: { query: "create a refnud", limit: 3 } }],
  },
  {
    when: { tool: find },
    calls: [{ tool: "run__wait_for_signal", args: { seconds: 600, name: "go" } }],
  },
  {
    when: { last: "user", contains: "Signal go" },
    calls: [{ tool: "pay__refund_create", args: { id: "ch_1", amount: 1_999, currency: "eur" } }],
  },
  { when: { tool: "pay__refund_create", contains: "RF-90210" }, say: "Refunded: RF-90210." },
  { say: "Something else happened." },
];

const toolTokens = 8_000;
const sizeOf = (tools: Wire["tools"]): number =>
  tools.reduce((sum, tool) => sum + estimateTokens(JSON.stringify(tool.function)), 0);
const namesOf = ({ tools }: Wire): readonly string[] => tools.map((tool) => tool.function.name);

test("70 tools with 48k tokens of schema: the search takes over, and the run ends right, over a restart", async () => {
  const desk = await openDesk(turns, toolTokens);
  const id = await desk.begin("Refund charge ch_1 in full.");
  await desk.until(id, "waiting");
  await desk.restart();
  expect(await desk.home.run("runs", "signal", id, "go", "now")).toMatchObject({ code: 0 });
  const run = await desk.until(id, "completed");
  expect(run.output, desk.log()).toBe("Refunded: RF-90210.");
  expect(desk.called()).toMatchObject([
    { name: "refund_create", args: { id: "ch_1", amount: 1_999, currency: "eur" } },
  ]);

  const all = listManyTools();
  const whole = all.reduce(
    (sum, { name, description, inputSchema }) =>
      sum +
      estimateTokens(JSON.stringify({ name: `pay__${name}`, description, schema: inputSchema })),
    0,
  );
  expect(all).toHaveLength(70);
  expect(whole).toBeGreaterThanOrEqual(48_000);
  const own = ["run__wait", "run__wait_for_signal", find];
  const [first, second, third, fourth] = desk.asked;
  expect(desk.asked).toHaveLength(4);
  expect(namesOf(first!)).toEqual(own);
  expect(namesOf(second!)).toHaveLength(6);
  expect(namesOf(second!)).toContain("pay__refund_create");
  // What was found is from the log: whoever goes on after the restart offers it all the same.
  expect([third!.tools, fourth!.tools]).toEqual([second!.tools, second!.tools]);
  expect(second!.tools.slice(0, 3)).toEqual(first!.tools);

  const events = await desk.events(id);
  const counted = events.flatMap((event) =>
    event.type === "model.asked" ? [event.snapshot!.tokens.tools] : [],
  );
  const offered = desk.asked.map(({ tools }) => sizeOf(tools));
  console.log(
    `definitions ${whole.toLocaleString("en")} tokens; offered ${offered.map((each) => each.toLocaleString("en")).join(", ")}; ${counted.join(", ")} by the log`,
  );
  for (const tokens of [...offered, ...counted]) expect(tokens).toBeLessThan(toolTokens);
  expect(events.find(({ type }) => type === "tools.found")).toMatchObject({
    tools: expect.arrayContaining(["pay__refund_create"]) as unknown,
  });
  const told = desk.asked.map(({ messages }) => JSON.stringify(messages[0]));
  expect(new Set(told).size).toBe(1);
  expect(told[0]).toContain(find);
});

test("the same tools where they fit are all offered, and nobody searches", async () => {
  const desk = await openDesk([{ say: "Nothing to do." }], 64_000);
  const id = await desk.begin("Look.");
  await desk.until(id, "completed");
  const names = namesOf(desk.asked[0]!);
  expect(names).toHaveLength(72);
  expect(names).not.toContain(find);
  expect(JSON.stringify(desk.asked[0]!.messages[0])).not.toContain(find);
});
