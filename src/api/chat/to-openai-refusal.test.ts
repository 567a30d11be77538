import { expect, test } from "vitest";
import { Fault, type FaultCode } from "../../model/index.ts";
import { toOpenaiRefusal } from "./to-openai-refusal.ts";

const nowMs = Date.parse("2026-11-21T12:00:00Z");
const refuse = (code: FaultCode, details: Record<string, unknown> = {}) =>
  toOpenaiRefusal(new Fault(code, "No.", { details }), "r", nowMs);

test.each([
  ["unauthenticated", 401, "authentication_error", "false"],
  ["price_unknown", 402, "insufficient_quota", "false"],
  ["forbidden", 403, "permission_error", "false"],
  ["not_found", 404, "not_found_error", "false"],
  ["payload_too_large", 413, "invalid_request_error", "false"],
  ["model_refused", 400, "invalid_request_error", "false"],
  ["frozen", 423, "invalid_request_error", "false"],
  ["budget_exhausted", 429, "insufficient_quota", "false"],
  ["model_busy", 429, "rate_limit_error", "true"],
  ["model_broken", 502, "server_error", "true"],
  ["model_unavailable", 503, "server_error", "true"],
  ["overloaded", 503, "server_error", "true"],
  ["draining", 503, "server_error", "true"],
  ["deadline_exceeded", 504, "server_error", "true"],
] as const)("%s is %i %s", (code, status, type, again) => {
  const { body, headers, ...told } = refuse(code);
  expect([told.status, headers["x-should-retry"]]).toEqual([status, again]);
  expect(body).toEqual({ error: { message: "No.", type, param: null, code } });
});

test("what is paid for is not asked again by itself", () => {
  for (const isOwed of [true, false])
    expect(refuse("model_broken", { isOwed }).headers["x-should-retry"]).toBe(String(!isOwed));
});

test("it says when to come again, in whole seconds and not before", () => {
  const after = (details: Record<string, unknown>) =>
    refuse("budget_exhausted", details).headers["retry-after"];
  expect(after({ resetsAt: "2026-11-21T13:00:00.500Z" })).toBe("3601");
  expect(after({ resetsAt: "2026-11-21T11:00:00Z" })).toBe("1");
  expect(after({ retryAfterMs: 1_001 })).toBe("2");
  expect(after({ retryAfterMs: Number.NaN })).toBeUndefined();
  expect(after({ resetsAt: "soon" })).toBeUndefined();
});

test("a bug says nothing of itself", () => {
  const { status, body } = toOpenaiRefusal(new TypeError("of undefined: sk-secret"), "r", nowMs);
  expect(status).toBe(500);
  expect(JSON.stringify(body)).not.toMatch(/undefined|sk-secret/);
});
