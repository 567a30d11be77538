import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeRequest, makeTool, makeToolset } from "../../test/made-up-call.ts";
import { scaled, seed } from "../../test/scale.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import type { CatalogTool } from "../ports/catalog.ts";
import { answerSearch, searchTools } from "./tool-search.ts";

const blocked = { grade: "dangerous", observed: null, reasons: [] } as const;
const tools = [
  makeTool("send_mail", { title: "Send", description: "Sends a note to a person." }),
  makeTool("list_mail", { description: "Lists what came.\nNewest first, a page at a time." }),
  makeTool("note", { description: "Keeps a note. Nothing is sent by mail." }),
  makeTool("drop_mail", { description: "Removes mail.", blocked }),
  makeTool("long", { description: `${"x".repeat(500)} mail` }),
];
const search = { search: true };

function ask(name: string, args: Json | undefined, offered: readonly CatalogTool[] = tools) {
  const params = { name, ...(args === undefined ? {} : { arguments: args }) };
  return answerSearch(makeToolset(offered, search), makeRequest({ params }));
}

interface Found {
  readonly tools: readonly { readonly name: string; readonly description: string }[];
  readonly total: number;
  readonly next: number | null;
}

function find(args: Json | undefined, offered?: readonly CatalogTool[]): Found {
  const searched = ask("find_tools", args, offered);
  if (searched?.kind !== "answer" || searched.answer.kind !== "result")
    throw new Error("find_tools was not answered");
  expect(searched.answer.isError).toBe(false);
  const result = JSON.parse(searched.answer.text) as {
    structuredContent: Found;
    content: { text: string }[];
  };
  // Clients without structured content read the same in the text.
  expect(JSON.parse(result.content[0]!.text)).toEqual(result.structuredContent);
  return result.structuredContent;
}
const names = (args: Json, offered?: readonly CatalogTool[]) =>
  find(args, offered).tools.map(({ name }) => name);

describe("find_tools", () => {
  test("finds what has every word, the name's own before the description's", () => {
    expect(names({ query: "mail" })).toEqual([
      "up__list_mail",
      "up__send_mail",
      "up__long",
      "up__note",
    ]);
    expect(names({ query: "SEND_mail, note!" })).toEqual(["up__send_mail"]);
    expect(names({ query: "mail absent" })).toEqual([]);
    expect(names({ query: "  " })).toHaveLength(4);
  });

  test("does not find what is blocked, though its name is asked for", () => {
    expect(names({ query: "drop_mail" })).toEqual([]);
    expect(find({ query: "" }).total).toBe(4);
  });

  test("answers a line of each description, which may be long and have many", () => {
    const lines = new Map(
      find({ query: "" }).tools.map(({ name, description }) => [name, description]),
    );
    expect(lines.get("up__list_mail")).toBe("Lists what came.");
    expect(lines.get("up__long")).toMatch(/^x{199}…$/);
  });

  test("answers a hundred at most, however many there are and are asked for", () => {
    const many = Array.from({ length: 150 }, (_, index) => makeTool(`t${index}`));
    const page = find({ query: "", limit: 1_000 }, many);
    expect(page).toMatchObject({ total: 150, next: 100 });
    expect(page.tools).toHaveLength(100);
  });

  const words = ["mail", "send", "note", "user", "é", "中文"] as const;
  const offeredArbitrary = fc
    .uniqueArray(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }), {
      maxLength: 40,
      selector: (parts) => parts.join("_"),
    })
    .map((all) =>
      all.map((parts, index) =>
        makeTool(parts.join("_"), {
          description: words[index % words.length]!,
          blocked: index % 7 === 3 ? blocked : null,
        }),
      ),
    );

  test("whoever follows `next` sees each tool that fits once, and no other", () => {
    const queryArbitrary = fc.subarray([...words], { maxLength: 2 });
    const limitArbitrary = fc.integer({ min: 1, max: 120 });
    fc.assert(
      fc.property(offeredArbitrary, queryArbitrary, limitArbitrary, (offered, query, limit) => {
        const seen: string[] = [];
        for (let offset: number | null = 0; offset !== null;) {
          const page: Found = find({ query: query.join(" "), limit, offset }, offered);
          expect(page.tools.length).toBeLessThanOrEqual(Math.min(limit, 100));
          if (offset > 0) expect(page.tools).not.toEqual([]);
          seen.push(...page.tools.map(({ name }) => name));
          offset = page.next;
        }
        const fitting = offered
          .filter((tool) => tool.blocked === null)
          .filter((tool) =>
            query.every((word) => tool.exposed.includes(word) || tool.description.includes(word)),
          );
        expect(seen.toSorted()).toEqual(fitting.map(({ exposed }) => exposed).toSorted());
      }),
      { seed: seed(), numRuns: scaled({ test: 200, prove: 5_000 }) },
    );
  });

  test("takes arguments that make no sense for none", () => {
    const json = fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<Json>;
    const odd = fc.oneof(json, fc.record({ query: json, limit: json, offset: json }));
    fc.assert(
      fc.property(odd, (args) => {
        const { tools: page, total } = find(args);
        expect(page.length).toBeLessThanOrEqual(total);
      }),
      { seed: seed(), numRuns: scaled({ test: 300, prove: 10_000 }) },
    );
    expect(find(undefined).total).toBe(4);
    expect(find({ query: "mail ".repeat(100_000) }).total).toBe(4);
  });
});

/** What the caller is told of a tool that is not there. */
const unknown = (name: string, args: Json): string => {
  try {
    ask(name, args);
    return "it is known";
  } catch (error) {
    expect(error).toBeInstanceOf(RpcRefusal);
    expect(error).toMatchObject({ code: rpcCodes.invalidParams, status: 200 });
    return (error as RpcRefusal).message;
  }
};

test("describe_tool and call_tool know what is offered, and none of the three themselves", () => {
  const odd: readonly Json[] = ["act", "find_tools", "call_tool", "", 7, null, "__proto__"];
  for (const name of odd) {
    expect(unknown("describe_tool", { name })).toMatch(/^Unknown tool/);
    expect(unknown("call_tool", { name })).toMatch(/^Unknown tool/);
  }
  expect(unknown("call_tool", "not an object")).toMatch(/^Unknown tool/);
  expect(unknown("call_tool", { name: "x".repeat(9_000) }).length).toBeLessThan(300);
});

test("describe_tool gives the definition as the list would have it", () => {
  const searched = ask("describe_tool", { name: "up__note" });
  if (searched?.kind !== "answer" || searched.answer.kind !== "result")
    throw new Error("describe_tool was not answered");
  const { structuredContent } = JSON.parse(searched.answer.text) as { structuredContent: Json };
  expect(structuredContent).toEqual(JSON.parse(tools[2]!.text));
});

test("call_tool is the call itself: what is about the client goes along, and nothing else", () => {
  const request = makeRequest({
    params: {
      name: "call_tool",
      arguments: { name: "up__note", arguments: { z: 1, a: "é" }, more: true },
      _meta: { progressToken: 1 },
      requestState: "sealed",
      inputResponses: { one: {} },
      odd: "not a member of tools/call",
    },
    argumentsText: "the text of the outer arguments",
  });
  const searched = answerSearch(makeToolset(tools, search), request);
  if (searched?.kind !== "call") throw new Error("call_tool made no call");
  const inner = searched.request;
  expect(inner.params).toEqual({
    name: "up__note",
    arguments: { z: 1, a: "é" },
    _meta: { progressToken: 1 },
    requestState: "sealed",
    inputResponses: { one: {} },
  });
  expect(inner.argumentsText).toBe('{"a":"é","z":1}');
  const { params: _params, argumentsText: _text, ...rest } = request;
  expect(inner).toMatchObject(rest);
});

test("a call without arguments is one with none, and has no state that it was not given", () => {
  const searched = ask("call_tool", { name: "up__note" });
  if (searched?.kind !== "call") throw new Error("call_tool made no call");
  expect(searched.request.params).toEqual({ name: "up__note", arguments: {} });
});

test("what is for none of the three, or for a toolset that lists its tools, goes past", () => {
  const params = { name: "find_tools", arguments: { query: "" } };
  expect(answerSearch(makeToolset(tools), makeRequest({ params }))).toBeNull();
  expect(
    answerSearch(makeToolset(tools, search), makeRequest({ params, method: "prompts/get" })),
  ).toBeNull();
  for (const name of ["up__note", 7, null])
    expect(
      answerSearch(makeToolset(tools, search), makeRequest({ params: { ...params, name } })),
    ).toBeNull();
});

test("the three are listed as definitions that a client can read, each with an input schema", () => {
  const read = searchTools.map((text) => parseStrictJson(text));
  for (const definition of read) {
    if (definition.kind !== "parsed" || !isObject(definition.value)) throw new Error("unreadable");
    expect(definition.value["inputSchema"]).toMatchObject({ type: "object" });
    const name = definition.value["name"] as string;
    expect(ask(name, { query: "", name: "up__note" })).not.toBeNull();
  }
});
