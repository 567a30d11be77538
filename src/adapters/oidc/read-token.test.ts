import fc from "fast-check";
import { expect, test } from "vitest";
import { readToken } from "./read-token.ts";

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString("base64url");

test("any text at all is read or refused, and never more than that", () => {
  const part = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.json().map((text) => encode(text)),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part, { maxLength: 5 }).map((parts) => parts.join(".")),
  );
  fc.assert(fc.property(text, (token) => ["read", "refused"].includes(readToken(token).kind)));
});

test("what is read is what was written", () => {
  const header = fc.record(
    { alg: fc.constant("RS256"), kid: fc.string({ maxLength: 20 }), typ: fc.constant("JWT") },
    { requiredKeys: ["alg"] },
  );
  const claims = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.integer()));
  fc.assert(
    fc.property(header, claims, (head, body) => {
      fc.pre(JSON.stringify([head, body]).isWellFormed());
      const read = readToken(`${encode(head)}.${encode(body)}.c2ln`);
      const expected = {
        kind: "read",
        algorithm: "RS256",
        keyId: head.kid ?? null,
        type: head.typ === undefined ? null : "jwt",
        claims: JSON.parse(JSON.stringify(body)),
      };
      expect(read).toEqual(expected);
    }),
  );
});
