import { expect, test } from "vitest";
import { makeDecided, makeToolset } from "../../test/made-up-call.ts";
import { toDigest } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { handOver, redactAgain, withholdQuestion } from "./hand-over.ts";

function open(...pointers: readonly string[]) {
  const telemetry = createInMemoryTelemetry({ clock: createManualClock(0) });
  const toolset = makeToolset([]);
  const catalog = { toolsets: new Map([["", toolset]]) } as unknown as Catalog;
  const obligations = pointers.length === 0 ? [] : [{ kind: "redact" as const, pointers }];
  const decision = {
    kind: "allow" as const,
    policy: toDigest("policy"),
    reasons: [],
    obligations,
    obligedBy: obligations.map(() => "hide"),
  };
  return {
    parts: { telemetry, catalog: () => catalog },
    call: makeDecided({ decision }),
    telemetry,
  };
}
const textOf = (result: object) => JSON.stringify(result);

test("without an obligation the server's text is handed over, and nothing is said of it", () => {
  const { parts, call, telemetry } = open();
  const text = '{"resultType":"complete","content":[ ]}';
  const said = { kind: "result", text, value: JSON.parse(text) as object as never } as const;
  expect(handOver(parts, call, said)).toEqual({
    answer: { kind: "result", text, isError: false },
    result: text,
    redacted: undefined,
    isWithheld: false,
  });
  expect(telemetry.value("gate_redactions", { outcome: "redacted" })).toBeUndefined();
});

test("what took members out is named: rules first, then secrets, each once", () => {
  const { parts, call } = open("/a");
  const value = { structuredContent: { a: 1 } };
  const leaked = ["env://A", "env://A", "x".repeat(300)];
  const said = { kind: "result", text: textOf(value), value, leaked } as const;
  const { redacted, result } = handOver(parts, call, said);
  expect(redacted).toEqual(["hide", "secret:env://A", `secret:${"x".repeat(249)}`]);
  expect(result).toBe('{"content":[],"structuredContent":{"a":"[redacted]"}}');
});

test("what a call that had waited ends with is redacted by the rules of now", () => {
  const text = textOf({ resultType: "complete", structuredContent: { a: 1 } });
  const given = { kind: "result", text, isError: false } as const;
  const plain = open();
  expect(redactAgain(plain.parts, plain.call, given)).toBe(given);

  const { parts, call } = open("/a");
  const once = redactAgain(parts, call, given);
  expect(JSON.parse(once.kind === "result" ? once.text : "")).toEqual({
    resultType: "complete",
    content: [],
    structuredContent: { a: "[redacted]" },
  });
  expect(redactAgain(parts, call, once)).toEqual(once);
  const asks = textOf({ resultType: "input_required", inputRequests: { a: "secret words" } });
  const withheld = redactAgain(parts, call, { kind: "result", text: asks, isError: false });
  expect(JSON.stringify(withheld)).not.toContain("secret words");
  const error = { kind: "error", error: { code: -1, message: "secret words" } } as const;
  expect(JSON.stringify(redactAgain(parts, call, error))).not.toContain("secret words");
});

test("a question is withheld under redaction alone", () => {
  const plain = open();
  expect(withholdQuestion(plain.parts, plain.call)).toBeNull();
  const { parts, call, telemetry } = open("/a");
  expect(withholdQuestion(parts, call)).toMatchObject({ isWithheld: true, redacted: ["hide"] });
  expect(telemetry.value("gate_redactions", { outcome: "withheld" })).toBe(1);
});
