import { expect, test } from "vitest";
import { intentSchema, toIntentDigest, type Intent } from "./intent.ts";
import { toDigest } from "./digest.ts";

const bundle = toDigest("bundle");
const intent = {
  v: 1,
  tenant: "acme",
  principal: {
    tenant: "acme",
    kind: "user",
    subject: "ada",
    actor: { agent: "travel", bundle },
  },
  agent: "travel",
  bundle,
  run: "018bcfe5-6800-7101-8101-010101010101",
  step: 3,
  server: "flights",
  method: "tools/call",
  target: "book",
  definition: toDigest("definition"),
  args: toDigest("arguments"),
  forwarded: { z: 1.5, a: { é: "\n", A: null } },
  task: null,
  policy: toDigest("policy"),
  notAfterMs: 1_700_000_060_000,
};

// Computed apart from this code: what was approved under this digest must stay so.
const digest = "sha256:c4a97cabeba0370ef0f50e08e2372cd6dfabdbadaf5f0b12d52cf78aeba9a2de";

test("I3: the digest of an intent is this, for ever, whatever the order of keys", () => {
  expect(toIntentDigest(intentSchema.parse(intent))).toBe(digest);
  const forwarded = { a: { A: null, é: "\n" }, z: 1.5 };
  const backwards = Object.fromEntries(Object.entries(intent).toReversed());
  expect(toIntentDigest(backwards as unknown as Intent)).toBe(digest);
  expect(toIntentDigest(intentSchema.parse({ ...intent, forwarded }))).toBe(digest);
});

test.each(Object.keys(intent))(
  "I3: an intent without %s, or with another kind of it, is none",
  (key) => {
    const { [key]: _left, ...lacking } = intent as Record<string, unknown>;
    expect(intentSchema.safeParse(lacking).success).toBe(false);
    for (const odd of [-1, "", ["x"], { odd: Number.NaN }]) {
      expect(intentSchema.safeParse({ ...intent, [key]: odd }).success, JSON.stringify(odd)).toBe(
        // A task is any text.
        key === "task" && odd === "",
      );
    }
  },
);

test("I3: which of a step's calls it is stands in it, and nowhere but in a step", () => {
  const places = [undefined, 0, 1].map((ordinal) =>
    toIntentDigest(
      intentSchema.parse({ ...intent, ...(ordinal === undefined ? {} : { ordinal }) }),
    ),
  );
  expect(new Set(places).size).toBe(3);
  for (const odd of [undefined, null, -1, 0.5, "0"])
    expect(intentSchema.safeParse({ ...intent, ordinal: odd }).success, String(odd)).toBe(false);
  expect(intentSchema.safeParse({ ...intent, step: null, ordinal: 0 }).success).toBe(false);
});

test("I3: nothing stands in an intent, or in who acts, that is not in its digest", () => {
  const { principal } = intent;
  const more = { more: true };
  expect(intentSchema.safeParse({ ...intent, ...more }).success).toBe(false);
  for (const odd of [
    { ...principal, ...more },
    { ...principal, actor: { ...principal.actor, ...more } },
  ]) {
    expect(intentSchema.safeParse({ ...intent, principal: odd }).success).toBe(false);
  }
});
