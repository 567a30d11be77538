import fc from "fast-check";
import { expect, test } from "vitest";
import { createTestKeys } from "../../test/ledger/ledger-scene.ts";
import { scaled, seed } from "../../test/scale.ts";
import { tileWidth } from "./tiles.ts";
import { toLeaf, toRoot } from "./tree.ts";
import { verifyLog, type LogSource } from "./verify-log.ts";

const origin = "test.example/acme/1";
const keys = await createTestKeys();
const toEntry = (n: number, text = `entry ${n}`) => ({ id: `id-${n}`, bytes: Buffer.from(text) });
type Row = ReturnType<typeof toEntry>;

const hashesOf = (rows: readonly Row[]) => rows.map(({ bytes }) => toLeaf(bytes));
const signAt = (rows: readonly Row[], size: number) =>
  keys.sign({ origin, size, root: toRoot(hashesOf(rows.slice(0, size))) });

/** What a server shows that has these tiles and these entries, in this order. */
function toSource(then: readonly Row[], now: readonly Row[]): LogSource {
  const place = new Map(then.map(({ id }, at) => [id, at]));
  const tileOf = (row: Row, at: number) =>
    Math.floor((place.get(row.id) ?? Math.min(at, then.length - 1)) / tileWidth);
  const hashes = hashesOf(then);
  const size = then.length;
  return {
    epochs: [{ epoch: 1, origin, size }],
    read: async (_epoch, from) =>
      Array.from({ length: Math.max(0, Math.ceil(size / tileWidth) - from) }, (_, n) => ({
        index: from + n,
        hashes: Buffer.concat(hashes.slice((from + n) * tileWidth, (from + n + 1) * tileWidth)),
        entries: now.filter((row, at) => tileOf(row, at) === from + n),
      })),
  };
}

const logArbitrary = fc
  .integer({ min: 2, max: 600 })
  .map((size) => Array.from({ length: size }, (_, n) => toEntry(n)));

test("a log that is as it was verifies at every size that was signed", async () => {
  await fc.assert(
    fc.asyncProperty(logArbitrary, fc.array(fc.nat(600), { maxLength: 4 }), async (rows, cuts) => {
      const sizes = [...new Set([...cuts.map((cut) => (cut % rows.length) + 1), rows.length])];
      const notes = sizes.map((size) => signAt(rows, size));
      const report = await verifyLog(toSource(rows, rows), { notes, keys: keys.verifiers });
      expect(report).toMatchObject({ verified: true, findings: [], entries: rows.length });
      expect(report.checkpoints.map(({ size }) => size)).toEqual(sizes.toSorted((a, b) => a - b));
    }),
    { seed: seed(), numRuns: scaled({ test: 30, prove: 500 }) },
  );
});

const deeds = ["alter", "drop", "insert", "swap", "cut"] as const;

test("whatever is done to one entry is found, and names its place while the tiles are left", async () => {
  await fc.assert(
    fc.asyncProperty(
      logArbitrary,
      fc.constantFrom(...deeds),
      fc.nat(),
      fc.boolean(),
      async (rows, deed, chosen, isRewritten) => {
        const at = chosen % (rows.length - 1);
        const now = [...rows];
        if (deed === "alter") now[at] = { ...rows[at]!, bytes: Buffer.from("another") };
        if (deed === "drop") now.splice(at, 1);
        if (deed === "insert") now.splice(at, 0, toEntry(9_999));
        if (deed === "swap") [now[at], now[at + 1]] = [rows[at + 1]!, rows[at]!];
        if (deed === "cut") now.length = at;
        // Whoever rewrites the tiles makes them fit what there is.
        const source = toSource(isRewritten && now.length > 0 ? now : rows, now);
        const notes = [signAt(rows, rows.length)];
        const report = await verifyLog(source, { notes, keys: keys.verifiers });
        expect(report.verified).toBe(false);
        if (isRewritten && now.length > 0) {
          expect(report.findings).toHaveLength(1);
          return;
        }
        // A swap over the edge of a tile is seen as two that were altered, the first of them here.
        const first = report.findings.find(({ kind }) => kind !== "rewritten" && kind !== "cut");
        expect(first?.index).toBe(at);
      },
    ),
    { seed: seed(), numRuns: scaled({ test: 60, prove: 1_000 }) },
  );
});

test("a checkpoint that nobody trusted signed is no checkpoint, and one of another log is missed", async () => {
  const rows = Array.from({ length: 3 }, (_, n) => toEntry(n));
  const theirs = await createTestKeys(9);
  const foreign = theirs.sign({ origin, size: 3, root: toRoot(hashesOf(rows)) });
  const elsewhere = keys.sign({ origin: "test.example/acme/7", size: 5, root: new Uint8Array(32) });
  const notes = [foreign, "no note", elsewhere];
  const report = await verifyLog(toSource(rows, rows), { notes, keys: keys.verifiers });
  expect(report.verified).toBe(false);
  expect(report.findings.map(({ kind }) => kind)).toEqual(["note", "note", "cut"]);
  expect(report.findings[2]!.text).toContain("signed at size 5");
});

test("what was denied in one epoch and used in the next is found, though the open one is shown first", async () => {
  const toEntryOf = (n: number, members: object) =>
    toEntry(n, JSON.stringify({ approval: "the-approval", intent: "the-intent", ...members }));
  const epochs = [
    { epoch: 1, rows: [toEntryOf(1, { kind: "verdict", word: "denied" })] },
    { epoch: 2, rows: [toEntryOf(2, { kind: "intent" })] },
  ].map(({ epoch, rows }) => ({ epoch, rows, origin: `test.example/acme/${epoch}`, size: 1 }));
  const source: LogSource = {
    epochs: epochs.toReversed(),
    read: async (epoch, from) => {
      const { rows } = epochs[epoch - 1]!;
      return [{ index: from, hashes: Buffer.concat(hashesOf(rows)), entries: rows }];
    },
  };
  const notes = epochs.map(({ rows, origin: of }) =>
    keys.sign({ origin: of, size: 1, root: toRoot(hashesOf(rows)) }),
  );
  const report = await verifyLog(source, { notes, keys: keys.verifiers });
  expect(report.findings).toMatchObject([
    { kind: "reused", origin: "test.example/acme/2", id: "id-2" },
  ]);
  expect(report.verified).toBe(false);
});

test("a server that shows less than it says, or skips, does not get away with it", async () => {
  const rows = Array.from({ length: 600 }, (_, n) => toEntry(n));
  const whole = toSource(rows, rows);
  const notes = [signAt(rows, 600)];
  const silent = { ...whole, read: async () => [] };
  expect((await verifyLog(silent, { notes, keys: keys.verifiers })).findings).toMatchObject([
    { kind: "cut", index: 0 },
  ]);
  const skipping: LogSource = {
    ...whole,
    read: async (epoch, from) => (await whole.read(epoch, from)).slice(1),
  };
  await expect(verifyLog(skipping, { notes, keys: keys.verifiers })).rejects.toThrow("skipped");
  // One that never ends is read as far as its log is said to go.
  let asked = 0;
  const endless: LogSource = {
    ...whole,
    read: async (_epoch, from) => {
      asked += 1;
      return [{ index: from, hashes: Buffer.alloc(tileWidth * 32), entries: [] }];
    },
  };
  expect((await verifyLog(endless, { notes, keys: keys.verifiers })).verified).toBe(false);
  expect(asked).toBe(3);
});
