import { expect, test } from "vitest";
import { configSchema } from "../model/config.ts";
import { createBuildCatalog } from "./build-catalog.ts";
import { createCompiledSchemas, type CompiledSchemas } from "./compiled-schemas.ts";
import { readDefinition, type Definition } from "./definition.ts";
import { openBook } from "./server-book.ts";

function define(name: string, description = ""): Definition {
  const schema = { type: "object", properties: { to: { type: "string", maxLength: 5 } } };
  const read = readDefinition({ name, description, inputSchema: schema, outputSchema: schema });
  if (read.kind === "refused") throw new Error(read.reason);
  return read.definition;
}

/** The catalog of one tool, as one document configures it. */
function build(schemas: CompiledSchemas, tool: object) {
  const url = "https://bank.example/mcp";
  const { servers } = configSchema.parse({
    version: 1,
    servers: { bank: { transport: "http", url, tools: { pay: tool } } },
  });
  const book = openBook("bank", servers["bank"]!);
  book.pins.set("pay", define("pay"));
  const catalog = createBuildCatalog({ schemas })([book], {});
  return catalog.toolsets.get("")!.tools.get("bank__pay")!;
}

test("what differs in configuration alone is compiled once", () => {
  const schemas = createCompiledSchemas();
  const tools = ["1.00", "2.00", "3.00"].map((price) => build(schemas, { effect: "write", price }));
  expect(new Set(tools.map(({ config }) => config.price)).size).toBe(3);
  expect(new Set(tools.map(({ input }) => input)).size).toBe(1);
  expect(new Set(tools.map(({ output }) => output)).size).toBe(1);
});

test("what parameters declare is still checked, for each configuration by itself", () => {
  const schemas = createCompiledSchemas();
  const plain = build(schemas, { effect: "write" });
  const typed = build(schemas, {
    effect: "write",
    parameters: { "/to": { type: "email", domains: ["example.com"] } },
  });
  expect(plain.input({ to: "a" }).kind).toBe("valid");
  expect(typed.input({ to: "a" }).kind).toBe("invalid");
  expect(typed.input({ to: "far-too-long" }).kind).toBe("invalid");
  expect(build(schemas, { effect: "write" }).input({ to: "a" }).kind).toBe("valid");
});

test("another definition is compiled by itself, and at the bound the first one goes", () => {
  const schemas = createCompiledSchemas(2);
  const [one, two, three] = [define("one"), define("one", "another text"), define("three")];
  const first = schemas.of(one);
  expect(schemas.of(define("one"))).toBe(first);
  expect(schemas.of(two)).not.toBe(first);
  schemas.of(three);
  expect([one, two, three].map((each) => schemas.has(each))).toEqual([false, true, true]);
});
