import { expect, test, vi } from "vitest";
import { starterRules } from "../../src/model/starter-rules.ts";
import { createLegacyClient } from "../mcp/raw-clients.ts";
import { endOf, openAttackScene, sendOnce, urlClient, type Json } from "./attack-scene.ts";
import { ways } from "./call-ways.ts";

vi.setConfig({ testTimeout: 20_000 });

/** Nobody outside has a reason to know these words. */
const hush = `@id("hush-hush")
@ask("hush-hush, says the rule")
forbid (principal, action, resource)
unless { context.approval.granted };`;
const rules = `${starterRules}\n${hush}`;

test("a toolset that hides its rules tells none of them, whoever asks and however it ends", async () => {
  const toolsets = { shy: { servers: ["bank"], reveal: "hide" } };
  const scene = await openAttackScene({ rules, config: { toolsets } });
  const url = `${scene.gate.url}/shy`;
  const heard: unknown[] = [];
  const sent = { toolset: "shy", args: { to: "ann" } };
  heard.push(await sendOnce(scene.gate.url, sent));
  heard.push(await sendOnce(scene.gate.url, { ...sent, capabilities: urlClient }));
  const capabilities = { elicitation: {} };
  let decided: Promise<unknown> = Promise.resolve();
  const answer = (_: string, params: Json): Json => {
    heard.push(params);
    decided = scene.waiting().then(([one]) => scene.decide(one!, "denied"));
    return { action: "accept", content: {} };
  };
  const client = await createLegacyClient({ url, answer, capabilities });
  heard.push(await client.request("tools/call", { name: "bank__pay", arguments: { to: "ann" } }));
  await decided;
  expect(heard).toHaveLength(4);
  const said = JSON.stringify(heard);
  for (const word of ["hush", "starter", "decided by a person"]) expect(said).not.toContain(word);
  expect(scene.sent()).toEqual([]);
});

test("a read that is asked about is neither kept nor answered from what was kept", async () => {
  const bank = { tools: { look: { effect: "read", cache: "1h" } } };
  const scene = await openAttackScene({ bank, config: {} });
  const look = { tool: "bank__look" };
  for (let at = 0; at < 2; at += 1)
    expect(endOf(await sendOnce(scene.gate.url, look))).toBe("done");
  expect(scene.sent()).toHaveLength(1);
  await scene.apply(rules);
  expect(endOf(await sendOnce(scene.gate.url, look))).toBe("asks");
  const [one] = await scene.waiting();
  await scene.decide(one!);
  expect(endOf(await sendOnce(scene.gate.url, look))).toBe("done");
  expect(endOf(await sendOnce(scene.gate.url, look))).toBe("asks");
  expect(scene.sent()).toHaveLength(2);
});

test("in a batch each call is asked about by itself, and one yes is for one of them", async () => {
  const toolsets = { many: { servers: ["bank"], batch: true } };
  const scene = await openAttackScene({ config: { toolsets } });
  const one = { name: "bank__pay", arguments: { to: "ann" } };
  const calls = [one, one, { name: "bank__pay", arguments: { to: "bob" } }];
  const batch = { tool: "call_tools", args: { calls }, toolset: "many", capabilities: urlClient };
  const outcomes = async () => {
    const { result } = (await sendOnce(scene.gate.url, batch)) as { result: Json };
    const said = (result["structuredContent"] as Json)["calls"] as readonly Json[];
    return said.map(({ outcome }) => outcome);
  };
  expect(new Set(await outcomes())).not.toContain("answered");
  expect(scene.sent()).toEqual([]);
  const asked = await scene.waiting();
  expect(asked.map(({ args }) => (args as Json)["to"])).toEqual(["ann", "bob"]);
  await scene.decide(asked[0]!);
  expect((await outcomes()).filter((each) => each === "answered")).toHaveLength(1);
  expect(scene.sent()).toEqual([{ to: "ann", currency: "EUR" }]);
});

test.each(ways.filter(({ waits }) => !waits))(
  "a tool that is blocked after the yes is not called: $name",
  async (way) => {
    const scene = await openAttackScene();
    const ended = await way.call(scene.gate.url, {
      args: { to: "ann" },
      async onAsked() {
        const [one] = await scene.waiting();
        await scene.decide(one!);
        await scene.block();
      },
    });
    expect(ended).toBe("tool_blocked");
    expect(scene.sent()).toEqual([]);
  },
);
