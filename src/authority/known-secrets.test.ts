import { expect, test } from "vitest";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { SecretHeaders, type CredentialOutcome, type Credentials } from "../ports/credentials.ts";
import { SecretValue } from "../ports/secrets.ts";
import { createKnownSecrets, rememberCredentials, rememberSecrets } from "./known-secrets.ts";

function open() {
  const telemetry = createInMemoryTelemetry({ clock: createManualClock(0) });
  return { telemetry, known: createKnownSecrets(telemetry) };
}
const namesIn = (known: ReturnType<typeof createKnownSecrets>, text: string) =>
  known.scan.find(text).map(({ name }) => name);

test("a value is looked for from the moment it is resolved, without the space around it", async () => {
  const { known } = open();
  const values: Record<string, string> = { "env://A": "  value-of-a \n", "env://B": "value-of-b" };
  const secrets = rememberSecrets(
    { resolve: async (reference) => new SecretValue(values[reference]!) },
    known,
  );
  expect([known.scan.isEmpty, namesIn(known, "value-of-a")]).toEqual([true, []]);
  await secrets.resolve("env://A");
  expect([known.scan.isEmpty, namesIn(known, "x value-of-a")]).toEqual([false, ["env://A"]]);
  await secrets.resolve("env://B");
  expect(namesIn(known, "value-of-b value-of-a")).toEqual(["env://B", "env://A"]);
  expect(known.scan.redact("it is value-of-b")).toBe("it is [redacted]");
});

test("a rotated value stays known beside the new one; the oldest of several goes", () => {
  const { known } = open();
  for (let each = 1; each <= 5; each += 1)
    known.know("file://key", new SecretValue(`rotated-value-${each}`));
  expect(namesIn(known, "rotated-value-1")).toEqual([]);
  expect(namesIn(known, "rotated-value-2 rotated-value-5")).toHaveLength(2);
});

test("a short value is not looked for, and said once by name", () => {
  const { known, telemetry } = open();
  for (let each = 0; each < 3; each += 1) known.know("env://PIN", new SecretValue("1234567"));
  expect(known.scan.isEmpty).toBe(true);
  const lines = telemetry.lines.filter((line) => line.includes("too short"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("env://PIN");
  expect(lines[0]).not.toContain("1234567");
});

test("at the bound a configuration's secret is refused, and a passing one takes the oldest's place", () => {
  const { known } = open();
  for (let each = 0; each < 500; each += 1)
    known.know(`env://S${each}`, new SecretValue(`lasting-value-${each}`));
  expect(() => known.know("env://MORE", new SecretValue("one-value-more"))).toThrow(
    "env://MORE is one secret too many",
  );
  for (let each = 0; each <= 500; each += 1)
    known.knowPassing(`c${each}`, new SecretValue(`passing-value-${each}-`));
  expect(namesIn(known, "passing-value-0-")).toEqual([]);
  expect(namesIn(known, "passing-value-499- passing-value-100- passing-value-500-")).toEqual([
    "c499",
    "c100",
    "c500",
  ]);
  expect(known.scan.redact('["passing-value-500-","lasting-value-1","passing-value-99-"]')).toBe(
    '["[redacted]","[redacted]","[redacted]"]',
  );
  expect(namesIn(known, "lasting-value-0")).toEqual(["env://S0"]);
});

test("a credential is known without its scheme before it is sent, given again or for the first time", async () => {
  const { known } = open();
  const toReady = (id: string, line: string): CredentialOutcome => {
    const headers = new SecretHeaders({ authorization: line });
    return { kind: "ready", headers, id, expiresAtMs: null };
  };
  const credentials: Credentials = {
    recall: () => null,
    headersFor: async () => toReady("mail@1", "Bearer token-of-the-mail"),
    rejected: () => false,
  };
  const ask = {} as Parameters<Credentials["recall"]>[0];
  const remembered = rememberCredentials(credentials, known);
  expect(remembered.recall(ask)).toBeNull();
  await remembered.headersFor(ask);
  expect(namesIn(known, '{"token":"token-of-the-mail"}')).toEqual(["mail@1"]);
});

function openMany() {
  const { known } = open();
  const outcomes = new Map<string, CredentialOutcome>();
  const recall = ({ server }: { readonly server: string }): CredentialOutcome => {
    const line = `Bearer token-number-${server}-of-many`;
    const headers = new SecretHeaders({ authorization: line });
    const made = outcomes.get(server) ?? { kind: "ready", headers, id: server, expiresAtMs: null };
    outcomes.set(server, made);
    return made;
  };
  const credentials = { recall, headersFor: async () => null, rejected: () => false };
  const remembered = rememberCredentials(credentials as unknown as Credentials, known);
  const use = (server: string): void => {
    remembered.recall({ server } as Parameters<Credentials["recall"]>[0]);
  };
  const isKnown = (server: string): boolean =>
    namesIn(known, `token-number-${server}-of-many`).includes(server);
  return { known, use, isKnown };
}

test("a credential in use stays known, however many came after it", () => {
  const { use, isKnown } = openMany();
  use("kept");
  use("left");
  for (let each = 0; each < 1_200; each += 1) {
    use(String(each));
    use("kept");
  }
  expect([isKnown("kept"), isKnown("left"), isKnown("1199")]).toEqual([true, false, true]);
});

test("a credential that was pushed out is known again when it is used", () => {
  const { use, isKnown } = openMany();
  use("first");
  for (let each = 0; each < 1_000; each += 1) use(String(each));
  expect(isKnown("first")).toBe(false);
  use("first");
  expect(isKnown("first")).toBe(true);
});

test("each of thousands in use at the same time is known when it is sent, and the last 500 stay so", () => {
  const { use, isKnown } = openMany();
  for (let round = 0; round < 2; round += 1) {
    for (let each = 0; each < 2_000; each += 1) {
      use(String(each));
      if (!isKnown(String(each))) throw new Error(`${each} is not known`);
    }
  }
  for (let each = 0; each < 2_000; each += 1) expect(isKnown(String(each))).toBe(each >= 1_500);
});

test("each header line of a credential is known", () => {
  const { known } = open();
  for (const value of ["first-line-value", "other-line-value", "first-line-value"])
    known.knowPassing("two", new SecretValue(value));
  for (let each = 0; each < 40; each += 1)
    known.knowPassing(String(each), new SecretValue(`passing-value-${each}-`));
  expect(namesIn(known, "first-line-value other-line-value")).toEqual(["two", "two"]);
});
