import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import pg from "pg";
import { usePostgres } from "../../../test/postgres.ts";
import { seed } from "../../../test/scale.ts";
import {
  encodeByteaArray,
  encodeInt4Array,
  encodeInt8,
  encodeInt8Array,
  encodeTextArray,
  encodeUuid,
  encodeUuidArray,
} from "./binary-array.ts";

const postgres = usePostgres();
let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client(postgres.url());
  await client.connect();
});
afterAll(() => client?.end());

const int4 = fc.integer();
const int8 = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constant(null),
  fc.constantFrom(0, -1, 2 ** 31, 2 ** 32, -(2 ** 32), 2 ** 32 - 1),
);
const text = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0"));
const bytes = fc.uint8Array({ maxLength: 40 });

test("Postgres reads back what was encoded, whatever the values", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        int4s: fc.array(int4),
        int8s: fc.array(int8),
        uuids: fc.array(fc.uuid()),
        texts: fc.array(text),
        byteas: fc.array(bytes),
      }),
      async ({ int4s, int8s, uuids, texts, byteas }) => {
        const { rows } = await client.query({
          name: "read_back",
          text: `select $1::int4[] as int4s, $2::int8[]::text[] as int8s, $3::uuid[]::text[] as uuids,
                        $4::text[] as texts, $5::bytea[] as byteas`,
          values: [
            encodeInt4Array(int4s),
            encodeInt8Array(int8s),
            encodeUuidArray(uuids),
            encodeTextArray(texts),
            encodeByteaArray(byteas),
          ],
        });
        expect(rows[0]).toEqual({
          int4s,
          int8s: int8s.map((value) => value?.toString() ?? null),
          uuids,
          texts,
          byteas: byteas.map((value) => Buffer.from(value)),
        });
      },
    ),
    { seed: seed(), numRuns: 200 },
  );
});

test("single values are encoded alike, and what is no UUID is refused", async () => {
  const uuid = "01a1fb23-8cae-7b1b-a0dd-964e7f04805f";
  const { rows } = await client.query("select $1::uuid as uuid, $2::int8::text as int8", [
    encodeUuid(uuid),
    encodeInt8(2n ** 63n - 1n),
  ]);
  expect(rows[0]).toEqual({ uuid, int8: "9223372036854775807" });
  expect(() => encodeUuid("01a1fb23")).toThrow("not a UUID");
});
