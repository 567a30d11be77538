import { describe, expect, test } from "vitest";
import { Fault } from "../../src/model/index.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import type { LogLevel, Telemetry } from "../../src/ports/telemetry.ts";

export interface TelemetrySubject {
  readonly telemetry: Telemetry;
  /** A counter's or gauge's value; of a histogram the sum of what was observed. */
  readonly read: (
    metric: string,
    labels?: Readonly<Record<string, string>>,
  ) => Promise<number | undefined>;
  readonly lines: () => readonly string[];
}

/** What a caller could still do wrong past the types. */
interface Untyped {
  count(metric: string, labels?: unknown, by?: number): void;
  gauge(metric: string, value: number, labels?: unknown): void;
  observe(metric: string, value: number, labels?: unknown): void;
}

export function describeTelemetry(
  name: string,
  create: (level: LogLevel) => TelemetrySubject,
): void {
  describe(`Telemetry: ${name}`, () => {
    describeMetrics(() => create("debug"));
    describeLines(create);
  });
}

function describeMetrics(create: () => TelemetrySubject): void {
  test("a counter adds up by labels", async () => {
    const { telemetry, read } = create();
    telemetry.count("wakes", { outcome: "done" });
    telemetry.count("wakes", { outcome: "done" }, 4);
    telemetry.count("wakes", { outcome: "lost" });
    expect(await read("wakes", { outcome: "done" })).toBe(5);
    expect(await read("wakes", { outcome: "lost" })).toBe(1);
    expect((await read("wakes", { outcome: "failed" })) ?? 0).toBe(0);
  });

  test("a gauge is what it was set to last", async () => {
    const { telemetry, read } = create();
    telemetry.gauge("config_applied_timestamp_seconds", 7);
    telemetry.gauge("config_applied_timestamp_seconds", 3);
    expect(await read("config_applied_timestamp_seconds")).toBe(3);
  });

  test("a histogram keeps what it observed", async () => {
    const { telemetry, read } = create();
    telemetry.observe("store_batch_units", 3);
    telemetry.observe("store_batch_units", 100);
    expect(await read("store_batch_units")).toBe(103);
  });

  test("a label that the configuration names takes such names alone", async () => {
    const { telemetry, read } = create();
    const untyped: Untyped = telemetry;
    untyped.gauge("mcp_index_stale", 1, { server: "file-search", index: "docs_2" });
    const wrong = ["", "Docs", "a b", 'a"', "a\n", "-a", "x".repeat(41), 5, null, undefined];
    for (const index of wrong) untyped.gauge("mcp_index_stale", 1, { server: "a", index });
    untyped.gauge("mcp_index_stale", 1, { server: "a" });
    expect(await read("mcp_index_stale", { server: "file-search", index: "docs_2" })).toBe(1);
    expect(await read("telemetry_refusals", { reason: "labels" })).toBe(wrong.length + 1);
  });

  test("what is not in the metric table is counted as a refusal, never thrown", async () => {
    const { telemetry, read } = create();
    const untyped: Untyped = telemetry;
    untyped.count("no_such_metric");
    untyped.count("toString");
    untyped.gauge("wakes", 1, { outcome: "done" });
    untyped.count("wakes");
    untyped.count("wakes", { outcome: "constructor" });
    untyped.count("wakes", { outcome: "done", tenant: "acme" });
    untyped.observe("store_batch_units", 1, { toString: "x" });
    untyped.count("wakes", { outcome: "done" }, -1);
    untyped.gauge("config_applied_timestamp_seconds", Number.NaN);
    untyped.observe("store_batch_units", Number.POSITIVE_INFINITY);
    expect(await read("telemetry_refusals", { reason: "metric" })).toBe(3);
    expect(await read("telemetry_refusals", { reason: "labels" })).toBe(4);
    expect(await read("telemetry_refusals", { reason: "value" })).toBe(3);
    expect((await read("wakes", { outcome: "done" })) ?? 0).toBe(0);
  });
}

function describeLines(create: (level: LogLevel) => TelemetrySubject): void {
  const last = ({ lines }: TelemetrySubject): Record<string, unknown> =>
    JSON.parse(lines().at(-1)!) as Record<string, unknown>;

  test("a line is one JSON object with time, level, message and fields", async () => {
    const subject = create("info");
    subject.telemetry.log("warn", "the disk is nearly full", { freeBytes: 12, path: "/data" });
    expect(last(subject)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: "warn",
      message: "the disk is nearly full",
      freeBytes: 12,
      path: "/data",
    });
    expect(await subject.read("log_lines", { level: "warn" })).toBe(1);
  });

  test("lines below the level are left out", () => {
    const subject = create("warn");
    for (const level of ["debug", "info", "warn", "error"] as const) {
      subject.telemetry.log(level, level);
    }
    expect(subject.lines()).toHaveLength(2);
    expect(subject.lines()[0]).toContain('"level":"warn"');
    expect(subject.lines()[1]).toContain('"level":"error"');
  });

  test("I9: a secret prints itself nowhere", () => {
    const subject = create("debug");
    const secret = new SecretValue("hunter2");
    const fault = new Fault("secret_unresolved", `with ${secret.toString()}`, {
      cause: new Error(String(secret)),
      details: { secret },
    });
    subject.telemetry.log("info", `a ${secret.toString()}`, {
      secret,
      deep: { list: [secret] },
      fault,
    });
    subject.telemetry.log("info", "b", { map: new Map([["secret", secret]]) });
    expect(subject.lines().join("\n")).not.toContain("hunter2");
    expect(subject.lines()[0]).toContain('"secret":"[secret]"');
  });

  test("a fault is told with code, details and cause", () => {
    const subject = create("debug");
    const cause = Object.assign(new Error("refused"), {
      code: "ECONNREFUSED",
      request: { key: "k" },
    });
    const fault = new Fault("store_unavailable", "No answer.", { cause, details: { port: 1 } });
    subject.telemetry.log("error", "x", { fault });
    expect(last(subject)["fault"]).toMatchObject({
      name: "Fault",
      code: "store_unavailable",
      message: "No answer.",
      details: { port: 1 },
      cause: { name: "Error", message: "refused", code: "ECONNREFUSED" },
    });
    expect(subject.lines()[0]).not.toContain("request");
  });

  test("no message or field makes a second line, or commands for a terminal", () => {
    const subject = create("debug");
    const rude = 'a\nb\r\u001b[31m\u009b\u2028\u202e{"level":"error"}\ud800';
    subject.telemetry.log("info", rude, {
      [rude]: rude,
      level: "error",
      time: "never",
      message: "no",
    });
    const [line] = subject.lines();
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    expect(last(subject)).toMatchObject({ level: "info", message: rude.toWellFormed() });
  });

  test("whatever is in the fields, there is a line, and it is bounded", () => {
    const subject = create("debug");
    const circular: Record<string, unknown> = { name: "c" };
    circular["self"] = circular;
    const deep = Array.from({ length: 10_000 }).reduce<unknown>((below) => ({ below }), "end");
    const throwing = {
      get field(): string {
        throw new Error("no");
      },
    };
    const odd = {
      u: undefined,
      f: () => 1,
      s: Symbol("s"),
      n: 10n,
      i: Infinity,
      d: new Date(Number.NaN),
    };
    const wide = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`k${index}`, "x".repeat(99)]),
    );
    const fields = [{ circular }, { deep }, { throwing }, odd, wide, { text: "x".repeat(1e6) }];
    for (const each of fields) subject.telemetry.log("info", "kept", each);
    subject.telemetry.log("info", "y".repeat(1e6));
    subject.telemetry.log("info", "kept", { bytes: new Uint8Array(1e6), list: Array(1e6).fill(1) });
    expect(subject.lines()).toHaveLength(8);
    for (const line of subject.lines()) {
      expect(line.length).toBeLessThanOrEqual(16_384);
      expect(JSON.parse(line)).toMatchObject({ level: "info" });
    }
  });
}
