import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAnthropicFormat } from "../../src/adapters/anthropic/anthropic-format.ts";
import { readTurn } from "../../src/adapters/model-http/read-turn.ts";
import { createOpenaiFormat } from "../../src/adapters/openai/openai-format.ts";
import { readAnthropic, readOpenai } from "../../src/adapters/scripted/asked.ts";
import { toSaid } from "../../src/adapters/scripted/said.ts";
import { toMessageEvents } from "../../src/adapters/scripted/write-anthropic.ts";
import { toChunks } from "../../src/adapters/scripted/write-openai.ts";
import { Fault } from "../../src/model/index.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import type { ModelEvent } from "../../src/ports/model-backend.ts";
import type { ModelFormat } from "../../src/ports/model-format.ts";
import { scaled, seed } from "../scale.ts";

/** A backend that is broken, or hostile: whatever bytes it sends, the answer is whole or a Fault. */

const [turn] = modelScriptSchema.parse({
  name: "abuse",
  turns: [
    { say: "Grüße 🌍", calls: [{ tool: "weather", args: { city: "Tromsø" } }, { tool: "t" }] },
  ],
}).turns;
const scene = { last: "user" as const, text: "", tool: null, results: 0 };
const asked = { scene, results: [], messages: 1, streams: true, wantsUsage: true, size: 10 };
const said = toSaid({ turn: turn!, asked, model: "scripted/abuse", createdMs: 0 });

const formats: readonly { name: string; format: ModelFormat; events: readonly string[] }[] = [
  { name: "openai", format: createOpenaiFormat("max_tokens"), events: toChunks(said, true) },
  { name: "anthropic", format: createAnthropicFormat(), events: toMessageEvents(said) },
];
const bounds = { eventBytes: 4_096, answerBytes: 65_536, calls: 8 };

async function read(format: ModelFormat, chunks: readonly Uint8Array[]) {
  const events: ModelEvent[] = [];
  const error: unknown = await readTurn(
    {
      status: 200,
      header: () => null,
      text: async () => "",
      discard: () => undefined,
      async *chunks() {
        yield* chunks;
      },
    },
    {
      format,
      backend: { host: "model.example", key: null },
      bounds,
      onProgress: () => undefined,
      onEvent: (event) => events.push(event),
    },
  ).then(
    () => null,
    (caught: unknown) => caught,
  );
  return { events, error };
}

function expectSound({ events, error }: Awaited<ReturnType<typeof read>>): void {
  if (error !== null) expect(error).toBeInstanceOf(Fault);
  const finished = events.filter(({ kind }) => kind === "finished").length;
  expect(finished).toBe(error === null ? 1 : 0);
  const ids = new Set<string>();
  for (const event of events) {
    if (event.kind !== "call") continue;
    expect(JSON.parse(event.call.args)).toEqual(expect.any(Object));
    expect(ids.has(event.call.id)).toBe(false);
    ids.add(event.call.id);
  }
}

function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const at = [0, ...places.map((place) => place % bytes.length), bytes.length].toSorted(
    (one, other) => one - other,
  );
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

const junk = fc.oneof(
  fc.json().map((text) => `data: ${text}\n\n`),
  fc.constantFrom(
    'data: {"choices":[{"index":1,"delta":{"content":"x"}}]}\n\n',
    'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"other"}]}}]}\n\n',
    'data: {"choices":[{"delta":{"tool_calls":[{"index":-1}]}}]}\n\n',
    'data: {"type":"content_block_delta","index":0}\n\n',
    'data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}\n\n',
    'data: {"type":"error","error":null}\n\n',
    'data: {"error":{"message":5}}\n\n',
    'data: {"__proto__":{"a":1}}\n\n',
    'data: {"usage":{"prompt_tokens":-1,"completion_tokens":1e99}}\n\n',
    "data: [DONE]\n\n",
    "event: error\ndata: \n\n",
    ": comment\n\n",
    `data: "${"x".repeat(5_000)}"\n\n`,
    "\u0000\n\n",
  ),
);

describe.each(formats)("$name", ({ format, events }) => {
  const bytes = Buffer.from(events.join(""));
  const numRuns = scaled({ test: 200, prove: 5_000 });

  test("cut anywhere, it means the same", async () => {
    const whole = await read(format, [bytes]);
    expect(whole.error).toBeNull();
    const places = fc.array(fc.nat(bytes.length), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(places, async (at) => {
        expect(await read(format, cut(bytes, at))).toEqual(whole);
      }),
      { numRuns, seed: seed() },
    );
  });

  test("ended early, it is not whole, and no call of it is", async () => {
    const stops = events.findIndex((event) => /"stop_reason":"t|"finish_reason":"t/.test(event));
    const before = Buffer.byteLength(events.slice(0, stops).join(""));
    await fc.assert(
      fc.asyncProperty(fc.nat(before), async (length) => {
        const heard = await read(format, [bytes.subarray(0, length)]);
        expectSound(heard);
        expect(heard.error).toMatchObject({ code: "upstream_lost" });
        expect(heard.events.filter(({ kind }) => kind === "call")).toEqual([]);
      }),
      { numRuns, seed: seed() },
    );
  });

  test("with bytes changed and events put in, left out or said twice, it is sound or a Fault", async () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
    const edits = fc.array(fc.record({ at: fc.nat(), put: fc.option(junk), drop: fc.boolean() }), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(edits, fc.array(change, { maxLength: 3 }), async (edited, changes) => {
        const list = [...events];
        for (const { at, put, drop } of edited) {
          const place = at % (list.length + 1);
          list.splice(place, drop ? 1 : 0, put ?? list[place] ?? "");
        }
        const spoilt = Buffer.from(list.join(""));
        if (spoilt.length > 0) {
          for (const { at, byte } of changes) spoilt[at % spoilt.length] = byte;
        }
        expectSound(await read(format, [spoilt]));
      }),
      { numRuns, seed: seed() },
    );
  });
});

test("the scripted server takes any body without falling over", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      for (const readBody of [readOpenai, readAnthropic]) {
        const found = readBody(body);
        expect(found === null || found.messages > 0).toBe(true);
      }
    }),
    { seed: seed() },
  );
  const result = { role: "tool", tool_call_id: "nobody-asked", content: "x" };
  expect(readOpenai({ model: "m", messages: [result] })).toBeNull();
});
