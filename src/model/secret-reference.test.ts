import { expect, test } from "vitest";
import { secretReferenceSchema } from "./secret-reference.ts";

test.each(["secret://stripe-key", "env://STRIPE_KEY", "file:///run/secrets/key", "file://keys/a"])(
  "%s is a reference",
  (text) => {
    expect(secretReferenceSchema.parse(text)).toBe(text);
  },
);

test.each([
  "sk_live_4242",
  "env://",
  "env://1A",
  "secret://A b",
  "https://vault/x",
  "env://A\n",
  "file://",
  "file://a b",
  `file://${"a".repeat(1_025)}`,
  7,
])("what is none is refused without being repeated: %j", (value) => {
  const read = secretReferenceSchema.safeParse(value);
  expect(read.error?.issues[0]?.message).toMatch(/^takes a reference to a secret/);
  expect(JSON.stringify(read.error?.issues)).not.toContain("4242");
});
