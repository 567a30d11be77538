import { expect, test } from "vitest";
import { configSchema } from "../model/config.ts";
import { toCanonicalBytes, toDigest, type Fault, type TenantId } from "../model/index.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createPolicyDesk } from "./policy-desk.ts";

/** A desk that knows this many pinned tools of one server, and how often they are read at once. */
function open(tools: number) {
  const { pins } = createInMemoryStore();
  const state = { reading: 0, most: 0 };
  const rows = Array.from({ length: tools }, (_, each) => {
    const name = `tool-${each}`;
    const properties = { to: { type: "string" }, [`field-${each}`]: { type: "integer" } };
    const definition = toCanonicalBytes({ name, inputSchema: { type: "object", properties } });
    return { tool: name, definition, digest: toDigest(name), state: "accepted" };
  });
  const list = (async (tenant: TenantId, server: string) => {
    state.most = Math.max(state.most, (state.reading += 1));
    await new Promise(setImmediate);
    state.reading -= 1;
    return rows.map((row) => ({ ...row, tenant, server, acceptedBy: "test", acceptedAtMs: 0 }));
  }) as unknown as typeof pins.list;
  const desk = createPolicyDesk({
    pins: { ...pins, list },
    clock: createManualClock(0),
    tenant: "default" as TenantId,
    serving: () => configSchema.parse({ version: 1 }),
  });
  return { desk, state };
}

const toDocument = (price: string): string =>
  `version: 1
servers:
  bank:
    transport: http
    url: https://bank.example/mcp
    tools:
      tool-0: { effect: write, price: "${price}" }
policy:
  rules:
    all: 'permit (principal, action, resource);'
`;

test("scenes of documents are opened one at a time, and no more than so many wait", async () => {
  const { desk, state } = open(3);
  const asked = Array.from({ length: 30 }, (_, each) =>
    desk.open(toDocument(`${each}.00`)).then(
      ({ kind }) => kind as string,
      (error: Fault) => error.code,
    ),
  );
  const said = await Promise.all(asked);
  expect(said.filter((one) => one === "open")).toHaveLength(17);
  expect(said.filter((one) => one === "overloaded")).toHaveLength(13);
  expect(state.most).toBe(1);
  expect((await desk.open(toDocument("1.00"))).kind).toBe("open");
});

test("others get their turn between the schemas that are compiled, and those are kept", async () => {
  const { desk } = open(120);
  const countTurns = async (document: string): Promise<number> => {
    let [turns, isOpen] = [0, true];
    const opened = desk.open(document).finally(() => (isOpen = false));
    while (isOpen) {
      await new Promise(setImmediate);
      turns += 1;
    }
    const { kind } = await opened;
    expect(kind).toBe("open");
    return turns;
  };
  expect(await countTurns(toDocument("1.00"))).toBeGreaterThan(120);
  expect(await countTurns(toDocument("2.00"))).toBeLessThan(20);
});
