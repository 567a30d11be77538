import { beforeAll, describe, expect, test } from "vitest";
import { toDigest } from "../../src/model/index.ts";
import {
  memoryLimits,
  type Memory,
  type MemoryDraft,
  type MemoryPlace,
  type MemoryQuery,
} from "../../src/ports/memory.ts";
import { newDigest, newTenant, startMs } from "./store-values.ts";

export interface MemoryUnderTest {
  readonly memory: Memory;
}

const some = { id: "some-embedder", version: "1@3" };
const other = { id: "some-embedder", version: "2@3" };
const bounds = { rows: 1_000 };
const toPlace = (scope = "agent:clerk"): MemoryPlace => ({ tenant: newTenant(), scope });
const vector = (...values: number[]) => Float32Array.from(values);

export function toDraft(place: MemoryPlace, changes: Partial<MemoryDraft> = {}): MemoryDraft {
  return {
    ...place,
    key: "a",
    subject: "somebody",
    text: "a text",
    labels: ["untrusted"],
    source: { name: null, digest: newDigest() },
    embedding: null,
    language: "simple",
    atMs: startMs,
    ...changes,
  };
}

const toQuery = (text: string, changes: Partial<MemoryQuery> = {}): MemoryQuery => ({
  text,
  language: "simple",
  embedder: some,
  vector: null,
  leastLikeness: 0,
  limit: 10,
  ...changes,
});

/** What every memory does, whatever it keeps its rows in. */
export function describeMemory(name: string, open: () => Promise<MemoryUnderTest>): void {
  describe(`Memory: ${name}`, () => {
    let opened: MemoryUnderTest;
    beforeAll(async () => {
      opened = await open();
    });
    const under = () => opened.memory;
    describeRows(under);
    describeSearch(under);
    describeVectors(under);
    describeFreshness(under);
    describeErasure(under);
  });
}

async function writeAll(memory: Memory, drafts: readonly MemoryDraft[]): Promise<void> {
  for (const draft of drafts) await memory.write(draft, bounds);
}

function describeRows(under: () => Memory): void {
  test("are written, replaced, listed by key and forgotten once", async () => {
    const [memory, place] = [under(), toPlace()];
    const first = toDraft(place, { embedding: { ...some, values: vector(1, 2, 3) } });
    expect(await memory.write(first, bounds)).toBe("created");
    const { embedding: _, language: __, atMs: ___, ...rest } = first;
    const written = { ...rest, embedder: some, changedAtMs: null };
    expect(await memory.list(place, { limit: 10 })).toEqual([
      { ...written, createdAtMs: startMs, updatedAtMs: startMs },
    ]);
    const second = toDraft(place, { text: "new", labels: ["confidential"], atMs: startMs + 5 });
    expect(await memory.write(second, bounds)).toBe("replaced");
    expect(await memory.list(place, { limit: 10 })).toMatchObject([
      { text: "new", labels: ["confidential"], embedder: null, createdAtMs: startMs },
    ]);
    for (const key of ["c", "B", "\u{1f600}", "\uffee"])
      await memory.write(toDraft(place, { key }), bounds);
    const keys = async (page: { after?: string; limit: number }) =>
      (await memory.list(place, page)).map(({ key }) => key);
    expect(await keys({ limit: 10 })).toEqual(["B", "a", "c", "\uffee", "\u{1f600}"]);
    expect(await keys({ after: "a", limit: 2 })).toEqual(["c", "\uffee"]);
    expect(await memory.forget(place, "a", startMs)).toBe(true);
    expect(await memory.forget(place, "a", startMs)).toBe(false);
    expect(await keys({ limit: 1 })).toEqual(["B"]);
  });

  test("a scope takes as many as it may, also from several at once, and one that is there is replaced", async () => {
    const [memory, place] = [under(), toPlace()];
    const keys = Array.from({ length: 8 }, (_, at) => `k${at}`);
    const outcomes = await Promise.all(
      keys.map((key) => memory.write(toDraft(place, { key }), { rows: 3 })),
    );
    expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome === "full")).toHaveLength(5);
    const [kept] = await memory.list(place, { limit: 10 });
    expect(await memory.write(toDraft(place, { key: kept!.key }), { rows: 3 })).toBe("replaced");
    expect(await memory.search(place, toQuery("x"))).toMatchObject({ rows: 3 });
    await memory.forget(place, kept!.key, startMs);
    expect(await memory.write(toDraft(place, { key: "again" }), { rows: 3 })).toBe("created");
  });

  test.each<[string, Partial<MemoryDraft>, string]>([
    ["a NUL", { text: "a\0" }, "payload_invalid"],
    ["half a character", { key: "\ud800" }, "payload_invalid"],
    ["a long text", { text: "x".repeat(memoryLimits.textBytes + 1) }, "payload_too_large"],
    ["a long key", { key: "x".repeat(memoryLimits.nameBytes + 1) }, "payload_too_large"],
    ["a language that is none", { language: "klingon'; drop" as never }, "payload_invalid"],
    ["a vector of nothing", { embedding: { ...some, values: vector() } }, "payload_invalid"],
    [
      "a vector with what is no number",
      { embedding: { ...some, values: vector(1, Number.NaN) } },
      "payload_invalid",
    ],
    [
      "a vector of nobody",
      { embedding: { id: "", version: "1", values: vector(1) } },
      "payload_invalid",
    ],
    [
      "a vector that is too long",
      { embedding: { ...some, values: new Float32Array(5_000).fill(1) } },
      "payload_too_large",
    ],
  ])("%s is refused", async (_, changes, code) => {
    await expect(under().write(toDraft(toPlace(), changes), bounds)).rejects.toMatchObject({
      code,
    });
  });
}

function describeSearch(under: () => Memory): void {
  test("finds by exact words, by identifiers, and by words that are misspelt", async () => {
    const [memory, place] = [under(), toPlace()];
    const texts = {
      seat: "Prefers a seat at the window on long flights.",
      invoice: "Invoice INV-2291 was paid late.",
      hotel: "The accommodation in Lisbon had no elevator.",
      plain: "Nothing of importance.",
    };
    await writeAll(
      memory,
      Object.entries(texts).map(([key, text]) => toDraft(place, { key, text })),
    );
    const first = async (text: string) => (await memory.search(place, toQuery(text))).hits[0]?.key;
    expect(await first("which window seat")).toBe("seat");
    expect(await first("inv-2291")).toBe("invoice");
    expect(await first("INV2291")).toBe("invoice");
    expect(await first("acommodation")).toBe("hotel");
    expect((await memory.search(place, toQuery("acommodation"))).hits[0]!.ranks).toMatchObject({
      words: null,
      spelling: 1,
    });
    expect(await first("zzzz")).toBeUndefined();
    expect((await memory.search(place, toQuery(""))).hits).toEqual([]);
  });

  test("nothing of another tenant or scope is found, counted or changed, ever", async () => {
    const memory = under();
    const here = toPlace();
    const places = [
      here,
      { ...here, scope: "agent:clerk2" },
      { ...here, tenant: newTenant() },
      { ...here, scope: "agent:cler" },
    ];
    const embedding = { ...some, values: vector(1, 0, 0) };
    for (const [at, place] of places.entries())
      await memory.write(
        toDraft(place, {
          key: `k${at}`,
          text: "the same secret word",
          embedding,
          source: { name: "s", digest: toDigest("1") },
        }),
        bounds,
      );
    for (const [at, place] of places.entries()) {
      for (const text of ["secret", "secrret", "the same secret word"]) {
        const found = await memory.search(
          place,
          toQuery(text, { vector: vector(1, 0, 0), limit: 1_000 }),
        );
        expect(found.hits.map(({ key }) => key)).toEqual([`k${at}`]);
        expect(found).toMatchObject({ rows: 1, stale: 0 });
      }
    }
    expect(
      await memory.noteSource(here, { name: "s", digest: toDigest("2"), nowMs: startMs }),
    ).toBe(1);
    expect(await memory.forget(here, "k1", startMs)).toBe(false);
    expect(await memory.forget(here, "k0", startMs)).toBe(true);
    for (const place of places.slice(1))
      expect(await memory.search(place, toQuery("secret"))).toMatchObject({ rows: 1, changed: 0 });
    const empty = { rows: 0, stale: 0, changed: 0, hits: [], writtenAtMs: null };
    expect(await memory.search(here, toQuery("secret"))).toMatchObject(empty);
  });

  test("answers no more than is asked for and allowed, whatever the query holds", async () => {
    const [memory, place] = [under(), toPlace()];
    await writeAll(
      memory,
      Array.from({ length: 60 }, (_, at) =>
        toDraft(place, { key: `k${at}`, text: `word number ${at}` }),
      ),
    );
    expect((await memory.search(place, toQuery("word", { limit: 7 }))).hits).toHaveLength(7);
    expect((await memory.search(place, toQuery("word", { limit: 1_000 }))).hits).toHaveLength(
      memoryLimits.hits,
    );
    for (const text of [
      "' or true --",
      "word & !( | <-> :*",
      "\\ % _ $1 '' ",
      "word ".repeat(5_000),
    ])
      expect((await memory.search(place, toQuery(text))).rows).toBe(60);
    await expect(memory.search(place, toQuery("a\0"))).rejects.toMatchObject({
      code: "payload_invalid",
    });
    await expect(
      memory.search(place, toQuery("x", { language: "x'y" as never })),
    ).rejects.toMatchObject({ code: "payload_invalid" });
  });
}

function describeVectors(under: () => Memory): void {
  test("vectors decide where words say nothing, the nearest first", async () => {
    const [memory, place] = [under(), toPlace()];
    const values = { near: [1, 0.1, 0], far: [0.2, 1, 0], opposite: [-1, 0, 0] };
    for (const [key, numbers] of Object.entries(values))
      await memory.write(
        toDraft(place, { key, text: key, embedding: { ...some, values: vector(...numbers) } }),
        bounds,
      );
    const found = await memory.search(place, toQuery("zzzz", { vector: vector(1, 0, 0) }));
    expect(found.hits.slice(0, 2).map(({ key }) => key)).toEqual(["near", "far"]);
    expect(found.hits[0]!.ranks).toEqual({ words: null, spelling: null, vector: 1 });
    expect(found).toMatchObject({ compared: "all", stale: 0 });
    const near = toQuery("zzzz", { vector: vector(1, 0, 0), leastLikeness: 0.5 });
    expect((await memory.search(place, near)).hits.map(({ key }) => key)).toEqual(["near"]);
  });

  test("another embedder's or version's vectors are never compared, found by words and counted", async () => {
    const [memory, place] = [under(), toPlace()];
    const same = vector(1, 0, 0);
    const drafts = {
      ours: { ...some, values: same },
      version: { ...other, values: same },
      embedder: { id: "another", version: some.version, values: same },
      none: null,
      length: { ...some, values: vector(1, 0) },
    };
    for (const [key, embedding] of Object.entries(drafts))
      await memory.write(toDraft(place, { key, text: `note of ${key}`, embedding }), bounds);
    const found = await memory.search(place, toQuery("note", { vector: same }));
    const ranks = Object.fromEntries(found.hits.map((hit) => [hit.key, hit.ranks.vector]));
    expect(ranks).toEqual({ ours: 1, version: null, embedder: null, none: null, length: null });
    expect(found.stale).toBe(3);
    const asOther = await memory.search(place, toQuery("zzzz", { embedder: other, vector: same }));
    expect(asOther.hits.map(({ key }) => key)).toEqual(["version"]);
    expect(asOther.stale).toBe(4);
  });

  test("stale rows are walked in batches, again from where one stopped, and what changed meanwhile is left", async () => {
    const [memory, tenant] = [under(), newTenant()];
    const mine = { id: `embedder of ${tenant}`, version: "1" };
    const places = ["agent:a", "agent:b"].map((scope) => ({ tenant, scope }));
    for (const place of places)
      await writeAll(
        memory,
        ["x", "y", "z"].map((key) => toDraft(place, { key })),
      );
    const seen: string[] = [];
    let after = null;
    for (;;) {
      const page = await memory.listStale(mine, { after, limit: 2 });
      for (const row of page) {
        if (row.tenant !== tenant) continue;
        seen.push(`${row.scope} ${row.key}`);
        expect(await memory.reembed(row, { ...mine, values: vector(1) })).toBe(true);
      }
      if (page.length < 2) break;
      after = page.at(-1)!;
    }
    expect(seen).toEqual([
      "agent:a x",
      "agent:a y",
      "agent:a z",
      "agent:b x",
      "agent:b y",
      "agent:b z",
    ]);
    const ours = async () =>
      (await memory.listStale(mine, { after: null, limit: 10_000 })).filter(
        (row) => row.tenant === tenant,
      );
    expect(await ours()).toEqual([]);
    expect(await memory.search(places[0]!, toQuery("x", { embedder: mine }))).toMatchObject({
      stale: 0,
    });
    await memory.write(toDraft(places[0]!, { key: "x", atMs: startMs + 1 }), bounds);
    const [stale] = await ours();
    await memory.write(toDraft(places[0]!, { key: "x", text: "newer", atMs: startMs + 2 }), bounds);
    expect(await memory.reembed(stale!, { ...mine, values: vector(1) })).toBe(false);
    await memory.forget(places[0]!, "x", startMs);
    expect(await memory.reembed(stale!, { ...mine, values: vector(1) })).toBe(false);
  });
}

function describeFreshness(under: () => Memory): void {
  test("what was taken from a source that is another by now is known", async () => {
    const [memory, place] = [under(), toPlace()];
    const digests = [toDigest("first"), toDigest("second")] as const;
    const from = (name: string, digest = digests[0]) => ({ source: { name, digest } });
    await memory.write(toDraft(place, { key: "a", ...from("page") }), bounds);
    await memory.write(toDraft(place, { key: "b", ...from("page", digests[1]) }), bounds);
    await memory.write(toDraft(place, { key: "c", ...from("other") }), bounds);
    const note = (digest: (typeof digests)[number], nowMs: number) =>
      memory.noteSource(place, { name: "page", digest, nowMs });
    expect(await note(digests[1], startMs + 1)).toBe(1);
    expect(await note(digests[1], startMs + 2)).toBe(0);
    const changed = async () =>
      (await memory.list(place, { limit: 9 })).map(({ changedAtMs }) => changedAtMs);
    expect(await changed()).toEqual([startMs + 1, null, null]);
    expect(await memory.search(place, toQuery("text"))).toMatchObject({ changed: 1 });
    // It is as it was before again: one has changed, and one is fresh.
    expect(await note(digests[0], startMs + 3)).toBe(1);
    expect(await changed()).toEqual([null, startMs + 3, null]);
    await memory.write(toDraft(place, { key: "b", ...from("page") }), bounds);
    expect(await changed()).toEqual([null, null, null]);
  });

  test("a search says when something was last written or forgotten", async () => {
    const [memory, place] = [under(), toPlace()];
    const at = async () => (await memory.search(place, toQuery("text"))).writtenAtMs;
    await memory.write(toDraft(place, { key: "a", atMs: startMs + 7 }), bounds);
    await memory.write(toDraft(place, { key: "b", atMs: startMs + 3 }), bounds);
    expect(await at()).toBe(startMs + 7);
    await memory.forget(place, "a", startMs + 9);
    expect(await at()).toBe(startMs + 9);
  });

  test("measures count what is there and what is stale, by kind of scope", async () => {
    const [memory, tenant] = [under(), newTenant()];
    const kind = `kind${tenant}`;
    const embedding = { ...some, values: vector(1) };
    const place = { tenant, scope: `${kind}:one` };
    await memory.write(
      toDraft(place, { key: "a", embedding, source: { name: "s", digest: toDigest("1") } }),
      bounds,
    );
    await memory.write(toDraft(place, { key: "b", embedding, atMs: startMs + 4 }), bounds);
    await memory.write(toDraft({ tenant, scope: `${kind}:two` }), bounds);
    const measure = async () => (await memory.measure(some)).find((each) => each.kind === kind);
    expect(await measure()).toEqual({ kind, rows: 3, stale: 1, newestAtMs: startMs + 4 });
    await memory.noteSource(place, { name: "s", digest: toDigest("2"), nowMs: startMs });
    expect(await measure()).toMatchObject({ stale: 2 });
    expect((await memory.measure(other)).find((each) => each.kind === kind)).toMatchObject({
      stale: 3,
    });
  });
}

function describeErasure(under: () => Memory): void {
  test("what a subject wrote is gone wherever it is, in rounds, and nothing of anybody else", async () => {
    const [memory, tenant, foreign] = [under(), newTenant(), newTenant()];
    const shared = { tenant, scope: "agent:shared" };
    const own = { tenant, scope: "subject:x" };
    for (const key of ["a", "b", "c"])
      await memory.write(toDraft(shared, { key, subject: "ann" }), bounds);
    await memory.write(toDraft(own, { subject: "ann" }), bounds);
    await memory.write(toDraft(shared, { key: "d", subject: "bob" }), bounds);
    await memory.write(
      toDraft({ tenant: foreign, scope: "agent:shared" }, { subject: "ann" }),
      bounds,
    );
    const rounds: number[] = [];
    do rounds.push(await memory.erase(tenant, "ann", 3));
    while (rounds.at(-1) === 3);
    expect(rounds).toEqual([3, 1]);
    expect((await memory.list(shared, { limit: 9 })).map(({ key }) => key)).toEqual(["d"]);
    expect(await memory.search(shared, toQuery("text"))).toMatchObject({ rows: 1 });
    expect(await memory.search(own, toQuery("text"))).toMatchObject({ rows: 0, writtenAtMs: null });
    expect(
      await memory.list({ tenant: foreign, scope: "agent:shared" }, { limit: 9 }),
    ).toHaveLength(1);
    // The room is there again.
    expect(await memory.write(toDraft(shared, { key: "e" }), { rows: 2 })).toBe("created");
    expect(await memory.write(toDraft(shared, { key: "f" }), { rows: 2 })).toBe("full");
  });
}
