import fc from "fast-check";
import { expect, test } from "vitest";
import { createClientHello, encryptedHello, toRecords } from "../../../test/abuse/client-hello.ts";
import { seed } from "../../../test/scale.ts";
import { readServerName } from "./client-hello.ts";
import { EgressRefusal } from "./refusal.ts";

const hello = createClientHello({ names: [[0, "api.example.com"]] });

test("the name is read once the hello is whole, however its records are cut", () => {
  for (const most of [16_384, 100, 50, 30]) {
    const flight = toRecords(hello, most);
    expect(readServerName(flight)).toBe("api.example.com");
    for (let end = 0; end < flight.length; end += 1) {
      expect(readServerName(flight.subarray(0, end))).toBeNull();
    }
  }
  const early = Buffer.concat([toRecords(hello), Buffer.from([23, 3, 3, 0, 1, 0])]);
  expect(readServerName(early)).toBe("api.example.com");
});

test.each([
  ["has no SNI", toRecords(createClientHello({ names: [] }))],
  [
    "has two SNIs",
    toRecords(
      createClientHello({
        names: [
          [0, "a.example"],
          [0, "b.example"],
        ],
      }),
    ),
  ],
  ["has an SNI that is no host name", toRecords(createClientHello({ names: [[1, "a.example"]] }))],
  [
    "hides its name (ECH)",
    toRecords(
      createClientHello({
        names: [[0, "a.example"]],
        others: [[encryptedHello, Buffer.alloc(100)]],
      }),
    ),
  ],
  [
    "has more than it says",
    toRecords(createClientHello({ names: [[0, "a.example"]], rest: Buffer.from([0]) })),
  ],
  ["is in too many records", toRecords(hello, 10)],
  ["is no client hello", Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
  ["is no client hello", Buffer.from([22, 2, 0, 0, 4, 1])],
  ["is no client hello", Buffer.from([22, 3, 1, 0, 0])],
  ["is cut short", Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 3])],
])("one that %s is refused", (why, flight) => {
  expect(() => readServerName(flight)).toThrow(`the start of TLS ${why}`);
});

test("whatever bytes come are waited for, read or refused", () => {
  const flight = toRecords(hello);
  const changed = fc
    .array(fc.tuple(fc.nat(flight.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const bytes = Buffer.from(flight);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(changed, (bytes) => {
      try {
        expect(typeof (readServerName(bytes) ?? "")).toBe("string");
      } catch (error) {
        expect(error).toBeInstanceOf(EgressRefusal);
      }
    }),
    { seed: seed(), numRuns: 2_000 },
  );
});
