import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { ModelBackend, ModelEvent, ModelRequest } from "../../src/ports/model-backend.ts";

export interface Patience {
  readonly firstTokenMs: number;
  readonly idleMs: number;
}

export const patient: Patience = { firstTokenMs: 20_000, idleMs: 20_000 };

/** A backend that says what the script says; it is closed when the test is over. */
export type OpenModel = (
  turns: readonly object[],
  patience?: Partial<Patience>,
) => Promise<ModelBackend>;

export function toRequest(given: Partial<ModelRequest> = {}): ModelRequest {
  return {
    instructions: "Answer in one word.",
    messages: [{ role: "user", text: "Which capital?" }],
    tools: [],
    parameters: { maxTokens: 100, temperature: null, stop: [] },
    stableMessages: null,
    ...given,
  };
}

export interface Heard {
  readonly events: readonly ModelEvent[];
  readonly text: string;
  readonly error: unknown;
}

export async function listen(
  backend: ModelBackend,
  request = toRequest(),
  given: { readonly signal?: AbortSignal; readonly deadlineMs?: number } = {},
): Promise<Heard> {
  const events: ModelEvent[] = [];
  const { signal = new AbortController().signal, deadlineMs = systemClock.nowMs() + 60_000 } =
    given;
  const onEvent = (event: ModelEvent) => void events.push(event);
  const error: unknown = await backend
    .stream(request, { model: "any", signal, deadlineMs, onEvent })
    .then(() => null)
    .catch((caught: unknown) => caught);
  const text = events.flatMap((event) => (event.kind === "text" ? [event.text] : [])).join("");
  return { events, text, error };
}

function listKinds<Kind extends ModelEvent["kind"]>({ events }: Heard, kind: Kind) {
  return events.filter(
    (event): event is Extract<ModelEvent, { kind: Kind }> => event.kind === kind,
  );
}

const weather = { tool: "weather", args: { city: "München", days: 3 } };

/** What every backend keeps. */
export function describeModelBackend(name: string, open: OpenModel): void {
  describe(`ModelBackend: ${name}`, () => {
    test("text comes in pieces, then what it used, then how it ended", async () => {
      const usage = { input: 50, cached: 30, output: 7 };
      const backend = await open([{ say: "Grüße aus Tromsø 🌍", usage }]);
      const heard = await listen(backend);
      expect([heard.error, heard.text]).toEqual([null, "Grüße aus Tromsø 🌍"]);
      expect(listKinds(heard, "text").length).toBeGreaterThan(1);
      expect(heard.events.slice(-2)).toEqual([
        { kind: "usage", usage: expect.objectContaining(usage) },
        { kind: "finished", stop: "ended" },
      ]);
    });

    test("calls come in pieces and whole, and their results go back", async () => {
      const backend = await open([
        { when: { last: "user" }, say: "Let me see.", calls: [weather, { tool: "clock" }] },
        { when: { tool: "clock", results: 2, contains: "no such" }, say: "Sorry." },
      ]);
      const tools = ["weather", "clock"].map((tool) => ({
        name: tool,
        description: `The ${tool}.`,
        schema: { type: "object", properties: {} },
      }));
      const first = await listen(backend, toRequest({ tools }));
      const calls = listKinds(first, "call").map(({ call }) => call);
      expect(calls.map((call) => [call.name, JSON.parse(call.args) as unknown])).toEqual([
        ["weather", weather.args],
        ["clock", {}],
      ]);
      const pieces = listKinds(first, "call_delta").filter(({ id }) => id === calls[0]!.id);
      expect(pieces.map(({ text }) => text).join("")).toBe(calls[0]!.args);
      expect(first.events.at(-1)).toEqual({ kind: "finished", stop: "tool_calls" });

      const messages = [
        { role: "user", text: "Which capital?" } as const,
        { role: "assistant", text: first.text, calls } as const,
        { role: "tool", callId: calls[0]!.id, text: "sunny", isError: false } as const,
        { role: "tool", callId: calls[1]!.id, text: "No such clock", isError: true } as const,
      ];
      const second = await listen(backend, toRequest({ tools, messages, stableMessages: 2 }));
      expect([second.error, second.text]).toEqual([null, "Sorry."]);
    });

    test.each([
      ["length", "length"],
      ["refused", "refused"],
    ])("an answer may end as %s", async (stop, ended) => {
      const backend = await open([{ say: "No", stop }]);
      expect((await listen(backend)).events.at(-1)).toEqual({ kind: "finished", stop: ended });
    });

    test("characters cut anywhere are put together again, and comments are let pass", async () => {
      for (const kind of ["split_utf8", "keep_alive"]) {
        const backend = await open([{ say: "ü€🌍", calls: [weather], fault: { kind } }]);
        const heard = await listen(backend);
        expect([heard.error, heard.text]).toEqual([null, "ü€🌍"]);
        expect(JSON.parse(listKinds(heard, "call")[0]!.call.args)).toEqual(weather.args);
      }
    });

    test("arguments that are no JSON are told, and no call comes of them", async () => {
      const backend = await open([{ calls: [weather], fault: { kind: "malformed_args" } }]);
      const heard = await listen(backend);
      expect([heard.error, listKinds(heard, "call")]).toEqual([null, []]);
      expect(listKinds(heard, "call_refused")).toEqual([
        expect.objectContaining({ name: "weather", reason: "not_json" }),
      ]);
    });

    test("of two calls with one id the second is refused", async () => {
      const calls = [weather, { tool: "clock" }];
      const backend = await open([{ calls, fault: { kind: "duplicate_ids" } }]);
      const heard = await listen(backend);
      expect(listKinds(heard, "call").map(({ call }) => call.name)).toEqual(["weather"]);
      expect(listKinds(heard, "call_refused")).toEqual([
        expect.objectContaining({ name: "clock", reason: "duplicate_id" }),
      ]);
    });

    test("what was not counted is unknown, never zero", async () => {
      const backend = await open([{ say: "Yes", fault: { kind: "no_usage" } }]);
      const [usage] = listKinds(await listen(backend), "usage");
      expect(usage?.usage).toMatchObject({ input: null, output: null, reasoning: null });
    });

    test.each(["cut", "end_early", "error", "garbage"])(
      "an answer that breaks off by %s is not whole",
      async (kind) => {
        const backend = await open([{ say: "Half of it", fault: { kind, after: 3 } }]);
        const heard = await listen(backend);
        expect(heard.error).toMatchObject({ code: "model_broken", retryable: true });
        expect(listKinds(heard, "finished")).toEqual([]);
      },
    );

    test("silence before the first token and silence after it end the answer", async () => {
      const slow = { kind: "slow_first_token", wait: "10m" };
      const late = await open([{ say: "a", fault: slow }], { firstTokenMs: 60 });
      expect((await listen(late)).error).toMatchObject({ code: "model_unavailable" });
      const stalled = await open(
        [{ say: "Half of it, and more.", fault: { kind: "stall", after: 4 } }],
        {
          idleMs: 60,
        },
      );
      expect((await listen(stalled)).error).toMatchObject({ code: "model_broken" });
    });

    test("the deadline and the caller's signal end the answer with their own reasons", async () => {
      const turns = [{ say: "a", fault: { kind: "stall", after: 2 } }];
      const backend = await open(turns);
      const deadlineMs = systemClock.nowMs() + 60;
      const late = await listen(backend, toRequest(), { deadlineMs });
      expect(late.error).toMatchObject({ code: "deadline_exceeded" });
      const cancel = new AbortController();
      const listening = listen(backend, toRequest(), { signal: cancel.signal });
      const reason = new Error("nobody waits");
      cancel.abort(reason);
      expect((await listening).error).toBe(reason);
    });

    test.each([
      [429, { code: "model_busy", details: { status: 429, retryAfterMs: 7_000 } }],
      [529, { code: "model_busy", details: { status: 529, retryAfterMs: 7_000 } }],
      [500, { code: "model_unavailable", retryable: true }],
      [404, { code: "model_unavailable" }],
      [401, { code: "credential_rejected" }],
      [422, { code: "model_refused", retryable: false }],
    ])("the status %d is a fault of its own kind", async (status, fault) => {
      const said = { kind: "status", status, retryAfter: 7 };
      const backend = await open([{ fault: said }]);
      expect((await listen(backend)).error).toMatchObject(fault);
    });
  });
}
