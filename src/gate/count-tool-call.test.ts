import { expect, test } from "vitest";
import type { CatalogTool } from "../ports/catalog.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { countLostCall, countToolCall } from "./count-tool-call.ts";

const pay = { server: "shop", name: "pay" } as CatalogTool;
const of = { server: "shop", tool_name: "pay" };

function count(
  tool: CatalogTool,
  outcome: "answered" | "tool_error" | "fault" | "denied",
  reason: string | null = null,
) {
  const telemetry = createInMemoryTelemetry();
  countToolCall(
    telemetry,
    { tool: { ...tool } },
    { outcome, reason, tookMs: outcome === "denied" ? null : 250 },
  );
  return telemetry;
}

test("what its tool answered is counted and measured, and no error; errors begin at 0", () => {
  const telemetry = count(pay, "answered");
  expect(telemetry.value("tool_calls", { ...of, outcome: "answered" })).toBe(1);
  expect(telemetry.values("tool_call_seconds", of)).toEqual([0.25]);
  expect(telemetry.value("tool_call_errors", { ...of, kind: "tool_error" })).toBe(0);
});

test("isError counts as an error of the tool, as a fault on the way does", () => {
  expect(count(pay, "tool_error").value("tool_call_errors", { ...of, kind: "tool_error" })).toBe(1);
  const lost = count(pay, "fault", "upstream_lost");
  expect(lost.value("tool_call_errors", { ...of, kind: "fault" })).toBe(1);
  expect(lost.value("tool_calls", { ...of, outcome: "fault" })).toBe(1);
});

test.each(["cancelled", "frozen", "freeze_unknown"])(
  "%s is no error of the tool, nor its pace",
  (reason) => {
    const telemetry = count(pay, "fault", reason);
    expect(telemetry.value("tool_calls", { ...of, outcome: "fault" })).toBe(1);
    expect(telemetry.value("tool_call_errors", { ...of, kind: "fault" })).toBe(0);
    expect(telemetry.values("tool_call_seconds", of)).toEqual([]);
  },
);

test("a denial is counted and is no error", () => {
  const telemetry = count(pay, "denied", "policy");
  expect(telemetry.value("tool_calls", { ...of, outcome: "denied" })).toBe(1);
  expect(telemetry.value("tool_call_errors", { ...of, kind: "fault" })).toBe(0);
});

test.each(["a b", 'x"} 1', "ä", "", "y".repeat(65)])(
  "a name that is no label is `other`: %s",
  (name) => {
    const telemetry = count({ ...pay, name }, "answered");
    expect(
      telemetry.value("tool_calls", { server: "shop", tool_name: "other", outcome: "answered" }),
    ).toBe(1);
    expect(telemetry.value("telemetry_refusals", { reason: "labels" })).toBeUndefined();
  },
);

test("prompts and resources are not tools", () => {
  const telemetry = createInMemoryTelemetry();
  countToolCall(telemetry, { tool: null }, { outcome: "answered", reason: null, tookMs: 1 });
  countLostCall(telemetry, { server: "shop", tool: null });
  expect(telemetry.value("telemetry_refusals", { reason: "labels" })).toBeUndefined();
  expect(telemetry.value("tool_calls", { ...of, outcome: "answered" })).toBeUndefined();
});

test("a call that was lost with its replica is an error that nobody knows more about", () => {
  const telemetry = createInMemoryTelemetry();
  countLostCall(telemetry, { server: "shop", tool: "pay" });
  expect(telemetry.value("tool_calls", { ...of, outcome: "unknown" })).toBe(1);
  expect(telemetry.value("tool_call_errors", { ...of, kind: "unknown" })).toBe(1);
});
