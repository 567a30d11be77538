import { expect, test } from "vitest";
import { makeServer, makeTool, makeToolset } from "../../test/made-up-call.ts";
import { toDigest } from "../model/index.ts";
import type { CatalogServer, CatalogTool } from "../ports/catalog.ts";
import { lintTools } from "./lint.ts";

function lint(tools: readonly CatalogTool[], servers: readonly CatalogServer[] = []) {
  return lintTools({
    digest: toDigest("catalog"),
    servers: new Map(servers.map((server) => [server.name, server])),
    // What a toolset of its own shows is not judged a second time.
    toolsets: new Map([
      ["", makeToolset(tools)],
      ["ops", makeToolset(tools, { name: "ops" })],
    ]),
  }).map(({ tool, rule }) => `${rule} ${tool}`);
}

const described = (count: number): object =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`p${index}`, { description: "What it is." }]),
  );
function withSchema(name: string, inputSchema: unknown, description?: string): CatalogTool {
  const said = description ?? `Does what ${name} says, and nothing else.`;
  const text = JSON.stringify({ name: `up__${name}`, description: said, inputSchema });
  return makeTool(name, { description: said, text });
}
const object = (properties: unknown): object => ({ type: "object", properties });

test("tools that are described, small and told apart have nothing to be said about", () => {
  const tools = [withSchema("send", object(described(15))), withSchema("list", object({}))];
  expect(lint(tools, [makeServer("up")])).toEqual([]);
  expect(lint([])).toEqual([]);
});

test("a tool that hardly says what it does, and each parameter that does not", () => {
  expect(lint([withSchema("a", object({}), "   Sends.   ")])).toEqual(["undescribed up__a"]);
  const odd = {
    x: {},
    y: { description: "The words." },
    z: { description: 7 },
    all: true,
    constructor: { description: "As any other name." },
  };
  expect(lint([withSchema("b", object(odd))])).toEqual(Array(3).fill("undescribed up__b"));
});

test("a tool of more parameters than fifteen", () => {
  expect(lint([withSchema("a", object(described(16)))])).toEqual(["overloaded up__a"]);
});

test("tools that are described alike, whatever the letters and marks", () => {
  const same = ["Sends a note — to all.", "sends A note: to all", "Sends  a note to all!"];
  const tools = same.map((text, index) => withSchema(`t${index}`, object({}), text));
  expect(lint(tools)).toEqual(["duplicate up__t1", "duplicate up__t2"]);
  // Too little to be told apart by is another complaint.
  const short = ["Send", "Send"].map((text, index) => withSchema(`t${index}`, object({}), text));
  expect(lint(short)).toEqual(["undescribed up__t0", "undescribed up__t1"]);
});

test("eight tools of one server that begin alike, said once", () => {
  const family = (count: number, server: string) =>
    Array.from({ length: count }, (_, index) => {
      const [description, text] = [
        `Reads page ${index} of ${server}.`,
        JSON.stringify({ inputSchema: {} }),
      ];
      return makeTool(`get${index % 2 === 0 ? "_" : "-"}${index}`, { server, description, text });
    });
  expect(lint(family(8, "up"))).toEqual(["granular up__get_0"]);
  expect(lint([...family(7, "up"), ...family(7, "down")])).toEqual([]);
});

test("a server that is there and does not say its version; one that is not there may not know", () => {
  const silent = { serverVersion: null };
  const down = { kind: "down", fault: "upstream_lost", message: "", sinceMs: 0 } as const;
  const servers = [
    makeServer("silent", silent),
    makeServer("starting", { ...silent, state: { kind: "connecting" } }),
    makeServer("gone", { ...silent, state: down }),
    makeServer("known"),
  ];
  expect(lint([], servers)).toEqual(["unversioned silent"]);
});

test.each([[undefined], [null], ["object"], [[]], [{ properties: null }], [{ properties: [1] }]])(
  "a schema that is %j has no parameters to judge",
  (schema) => {
    expect(lint([withSchema("a", schema)])).toEqual([]);
  },
);
