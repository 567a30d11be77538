import { expect, test } from "vitest";
import { callOf, openDeskScene, outcomeOf } from "./desk-scene.ts";

test("in words: asked, approved, called again, and asked for the next one", async () => {
  const { modern, waiting, decide, sent } = await openDeskScene();
  const client = modern();
  const asked = outcomeOf(await callOf(client));
  const [one] = await waiting();
  expect(asked).toMatchObject({ outcome: "asks", approval: one!.id, digest: one!.digest });
  expect(one).toMatchObject({ args: { text: "hi", times: 1 }, tool: "echo", holds: true });
  expect(outcomeOf(await callOf(client))).toMatchObject({ approval: one!.id });
  expect(sent()).toEqual([]);
  expect(await decide(one!)).toMatchObject({ status: 200, body: { state: "approved" } });
  expect(outcomeOf(await callOf(client, { text: "other" }))).toMatchObject({ outcome: "asks" });
  expect(outcomeOf(await callOf(client))).toBe("done");
  expect(sent()).toEqual([{ text: "hi", times: 1 }]);
  expect(outcomeOf(await callOf(client))).toMatchObject({ outcome: "asks" });
  expect(sent()).toHaveLength(1);
});

test("a modern client is sent to the page, comes back and is held until somebody decides", async () => {
  const { modern, waiting, decide, sent } = await openDeskScene();
  const client = modern({
    capabilities: { elicitation: { url: {} } },
    answer: () => {
      void waiting().then(([one]) => decide(one!));
      return { action: "accept" };
    },
  });
  const answer = await callOf(client);
  expect(outcomeOf(answer)).toBe("done");
  expect(client.asked).toHaveLength(1);
  expect(client.asked[0]!.params).toMatchObject({ mode: "url" });
  expect(sent()).toHaveLength(1);
});

test("a legacy client is asked in the middle of its call, which waits", async () => {
  const { legacy, waiting, decide, sent } = await openDeskScene();
  const client = await legacy({
    capabilities: { elicitation: {} },
    answer: () => {
      setTimeout(() => void waiting().then(([one]) => decide(one!)), 50);
      return { action: "accept", content: {} };
    },
  });
  expect(outcomeOf(await callOf(client))).toBe("done");
  expect(sent()).toHaveLength(1);
});
