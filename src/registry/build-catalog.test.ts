import { expect, test } from "vitest";
import { configSchema } from "../model/config.ts";
import { createBuildCatalog } from "./build-catalog.ts";
import { readDefinition } from "./definition.ts";
import { openBook } from "./server-book.ts";

test("I14: whatever a server calls its tools, they do what configuration says, and else its default", () => {
  const { servers } = configSchema.parse({
    version: 1,
    servers: {
      up: {
        transport: "http",
        url: "https://up.example/mcp",
        effect: "destructive",
        tools: { look: { effect: "read" } },
      },
    },
  });
  const book = openBook("up", servers["up"]!);
  for (const name of ["look", "constructor", "toString", "valueOf", "__proto__"]) {
    const read = readDefinition({ name, inputSchema: { type: "object" } });
    if (read.kind === "refused") throw new Error(read.reason);
    book.pins.set(name, read.definition);
  }
  const { tools } = createBuildCatalog()([book], {}).toolsets.get("")!;
  expect([...tools.values()].map(({ name, effect }) => [name, effect])).toEqual([
    ["look", "read"],
    ["constructor", "destructive"],
    ["toString", "destructive"],
    ["valueOf", "destructive"],
    ["__proto__", "destructive"],
  ]);
});
