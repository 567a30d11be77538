import { expect, test, vi } from "vitest";
import { starterRules } from "../../src/model/starter-rules.ts";
import { callerKey } from "../mcp/gate-under-test.ts";
import {
  accepted,
  agree,
  openScene,
  send,
  sentOf,
  touch,
  type Json,
} from "../oauth/consent-scene.ts";
import { agreed, createTell, endOf, listWaiting } from "./attack-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

test("I3: however often a credential is asked for in between, one yes is one effect", async () => {
  const scene = await openScene("modern", {}, { policy: { rules: { test: starterRules } } });
  const tell = createTell(scene.gate.url);
  const asked = await send(scene, touch);
  const [one] = await listWaiting(tell);
  const word = { digest: one!.digest, word: "approved" };
  expect((await tell(`approvals/${one!.id}/decision`, word)).status).toBe(200);
  const state = asked["requestState"];
  const first = await send(scene, { ...touch, inputResponses: agreed, requestState: state });
  expect(first).toMatchObject({ inputRequests: { consent: {} } });

  // Nothing was sent yet, so each may come back, and is asked again.
  const states: Json[] = [first];
  for (const from of [first, first, first]) {
    const requestState = from["requestState"];
    states.push(await send(scene, { ...touch, inputResponses: accepted, requestState }));
  }
  expect(sentOf(scene)).toEqual([]);
  const { inputRequests } = first as { inputRequests: { consent: { params: { url: string } } } };
  await agree(inputRequests.consent.params.url, callerKey, "ann");
  const ends: string[] = [];
  for (const { requestState } of [...states, ...states]) {
    const result = await send(scene, { ...touch, inputResponses: accepted, requestState });
    ends.push("error" in result ? endOf(result) : endOf({ result }));
  }
  expect(ends).toEqual(["done", ...Array<string>(7).fill("-32602")]);
  expect(sentOf(scene)).toHaveLength(1);
});
