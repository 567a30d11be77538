import { expect, test } from "vitest";
import { makeRequest, makeTool, makeToolset } from "../../test/made-up-call.ts";
import type { GateAnswer } from "../ports/gate.ts";
import { callTools } from "./call-tools.ts";

const toolset = makeToolset([makeTool("look", { effect: "read" })]);

async function callTwice(answer: object, maxBytes: number) {
  const params = {
    name: "call_tools",
    arguments: { calls: [{ name: "up__look" }, { name: "up__look" }] },
  };
  const text = JSON.stringify(answer);
  const callOne = async (): Promise<GateAnswer> => ({ kind: "result", text, isError: false });
  const said = await callTools(makeRequest({ params }), { toolset, callOne, maxBytes });
  if (said.kind === "error") throw new Error(said.error.message);
  const { calls } = (JSON.parse(said.text) as { structuredContent: { calls: unknown[] } })
    .structuredContent;
  return calls;
}

test("I13: all that is said counts towards what the answers together may be, its structure too", async () => {
  const long = "x".repeat(600);
  const left = { outcome: "answered", structuredContent: null, message: expect.any(String) };
  for (const answer of [
    { content: [{ type: "text", text: long }], structuredContent: { a: 1 } },
    { content: [], structuredContent: { a: long } },
  ]) {
    const kept = {
      outcome: "answered",
      message: null,
      structuredContent: answer.structuredContent,
    };
    expect(await callTwice(answer, 1_000)).toMatchObject([kept, left]);
    expect(await callTwice(answer, 2_000)).toMatchObject([kept, kept]);
  }
});
