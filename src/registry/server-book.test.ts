import { expect, test } from "vitest";
import { configSchema } from "../model/config.ts";
import type { TenantId } from "../model/index.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { openBook, readPins, takeTools } from "./server-book.ts";

const { servers } = configSchema.parse({
  version: 1,
  servers: { up: { transport: "http", url: "https://up.example/mcp" } },
});
const tools = ["book", "look"].map((name) => ({ name, inputSchema: { type: "object" } }));

test("pins that were read before a tool was pinned here do not take it away again", async () => {
  const { pins } = createInMemoryStore();
  const options = { pins, clock: createManualClock(0), tenant: "acme" as TenantId };
  const book = openBook("up", servers["up"]!);
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let asked = 0;
  const slow: typeof pins = {
    ...pins,
    async list(...place) {
      const rows = await pins.list(...place);
      if ((asked += 1) === 1) await answered;
      return rows;
    },
  };
  const reading = readPins(book, { ...options, pins: slow });
  await takeTools(book, { endpoint: "0", tools }, options);
  answer();
  await reading;
  expect([...book.pins.keys()]).toEqual(["book", "look"]);
  expect(asked).toBe(2);
});

test("pins that change at each reading stay as they are: it ends", async () => {
  const { pins } = createInMemoryStore();
  const options = { pins, clock: createManualClock(0), tenant: "acme" as TenantId };
  const book = openBook("up", servers["up"]!);
  await takeTools(book, { endpoint: "0", tools }, options);
  const restless: typeof pins = {
    ...pins,
    async list() {
      book.pinChanges += 1;
      return [];
    },
  };
  await readPins(book, { ...options, pins: restless });
  expect([...book.pins.keys()]).toEqual(["book", "look"]);
});
