import { expect, test } from "vitest";
import { telemetryField } from "./config-telemetry.ts";

const destination = { url: "https://otel.example/v1/traces" };
const parse = (changes: object, name = "phoenix") =>
  telemetryField.safeParse({
    traces: { destinations: { [name]: { ...destination, ...changes } } },
  });

test("a destination takes a URL, and is sent all traces of the default tenant without texts", () => {
  expect(parse({}).data?.traces.destinations).toEqual({
    phoenix: {
      ...destination,
      headers: {},
      private: false,
      tenant: "default",
      content: "none",
      keep: {
        always: ["errors", "denials", "asks", "slow", "expensive"],
        share: 1,
        slow: 30_000,
        expensive: 500_000,
      },
      drop: [],
    },
  });
  expect(telemetryField.parse(undefined)).toEqual({
    traces: { destinations: {} },
    metrics: { destinations: {} },
    logs: { destinations: {} },
    calls: "all",
  });
  const more = {
    url: "http://127.0.0.1:4318/v1/traces",
    private: true,
    headers: { authorization: "secret://otel" },
    keep: { always: [], share: 0.1, slow: "2s", expensive: "1.25" },
    drop: ["user.id"],
    content: "redacted",
  };
  expect(parse(more).data?.traces.destinations["phoenix"]).toMatchObject({
    keep: { always: [], share: 0.1, slow: 2_000, expensive: 1_250_000 },
    drop: ["user.id"],
    content: "redacted",
  });
});

test.each([
  [{ url: "http://otel.example/" }, "plain http"],
  [{ url: "https://user:word@otel.example/" }, "without user, password"],
  [{ headers: { authorization: "Bearer sk-canary" } }, "never the secret itself"],
  [{ headers: { Authorization: "secret://otel" } }, "lower case"],
  [{ headers: { "content-type": "secret://otel" } }, "said by the request itself"],
  [{ headers: { "transfer-encoding": "secret://otel" } }, "said by the request itself"],
  [{ headers: { "content-encoding": "secret://otel" } }, "said by the request itself"],
  [{ headers: { "x\ny": "secret://otel" } }, "lower case"],
  [{ keep: { always: ["canary"] } }, "takes errors, denials"],
  [{ keep: { share: 1.5 } }, "from 0 to 1"],
  [{ keep: { slow: 30 } }, "takes a duration"],
  [{ keep: { expensive: 0.5 } }, "takes an amount of money"],
  [{ keep: { never: [] } }, "Unrecognized key"],
  [{ drop: ["nothing.like.it"] }, "takes names of attributes"],
  [{ content: "all" }, "takes none or redacted"],
  [{ tenant: "Ada" }, "not a tenant name"],
])("%j is refused", (changes, words) => {
  const parsed = parse(changes);
  expect(parsed.success).toBe(false);
  expect(JSON.stringify(parsed.error?.issues)).toContain(words);
  expect(JSON.stringify(parsed.error?.issues)).not.toContain("sk-canary");
});

test("there are only so many", () => {
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`otel${n}`, destination]));
  expect(telemetryField.safeParse({ traces: { destinations: many } }).success).toBe(false);
});

test.each(["metrics", "logs"])("%s are sent to destinations with keys of their own", (signal) => {
  const take = (changes: object) =>
    telemetryField.safeParse({
      [signal]: { destinations: { collector: { url: "https://otel.example/v1/x", ...changes } } },
    });
  const usual = signal === "metrics" ? 60_000 : 1_000;
  const { data } = take({ headers: { authorization: "secret://otel" } });
  expect(data?.[signal as "metrics" | "logs"].destinations["collector"]).toEqual({
    url: "https://otel.example/v1/x",
    headers: { authorization: "secret://otel" },
    private: false,
    interval: usual,
  });
  for (const [changes, words] of [
    [{ url: "http://otel.example/" }, "plain http"],
    [{ headers: { authorization: "Bearer sk-canary" } }, "never the secret itself"],
    [{ interval: "10ms" }, "is shorter than"],
    [{ interval: "2h" }, "is longer than"],
    [{ keep: {} }, "Unrecognized key"],
    [{ tenant: "default" }, "Unrecognized key"],
  ] as const) {
    const refused = take(changes);
    expect(refused.success).toBe(false);
    expect(JSON.stringify(refused.error?.issues)).toContain(words);
  }
});

test("calls have a line each, or those with errors, or none", () => {
  for (const calls of ["all", "errors", "none"])
    expect(telemetryField.parse({ calls }).calls).toBe(calls);
  expect(JSON.stringify(telemetryField.safeParse({ calls: "some" }).error?.issues)).toContain(
    "takes all, errors or none",
  );
});
