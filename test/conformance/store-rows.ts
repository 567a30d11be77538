import { describe, expect, test } from "vitest";
import type { PinRow } from "../../src/ports/pin-rows.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newDigest, newEntry, newTenant, startMs, toBytes, toText } from "./store-values.ts";

export function describeRows(under: () => StoreUnderTest): void {
  describeEntries(under);
  describeBlobs(under);
  describeRevisions(under);
  describePins(under);
  describeLetters(under);
}

function describeLetters(under: () => StoreUnderTest): void {
  describe("letters", () => {
    const draft = (owner: string) => ({
      id: newEntry(newTenant(), "").id,
      owner,
      body: toBytes("body"),
      nowMs: startMs,
    });

    test("are given out once, to their owner, and carry its reply back", async () => {
      const { letters } = under().store;
      const letter = draft(newTenant());
      await letters.put(letter);
      expect(await letters.read(letter.id)).toEqual({ beatMs: null, reply: null });
      expect(await letters.take(newTenant(), startMs)).toEqual([]);
      const taken = await Promise.all([1, 2, 3].map(() => letters.take(letter.owner, startMs + 1)));
      expect(taken.flat().map(({ id, body }) => [id, toText(body)])).toEqual([[letter.id, "body"]]);
      await letters.beat(letter.id, startMs + 7);
      await letters.reply(letter.id, toBytes("reply"));
      const state = await letters.read(letter.id);
      expect([state!.beatMs, toText(state!.reply!)]).toEqual([startMs + 7, "reply"]);
      await letters.remove(letter.id);
      expect(await letters.read(letter.id)).toBeNull();
    });

    test("are withdrawn only while nobody has taken them", async () => {
      const { letters } = under().store;
      const [one, other] = [draft(newTenant()), draft(newTenant())];
      await letters.put(one);
      await letters.put(other);
      await letters.take(other.owner, startMs);
      expect(await letters.withdraw(one.id)).toBe(true);
      expect(await letters.withdraw(one.id)).toBe(false);
      expect(await letters.withdraw(other.id)).toBe(false);
      expect(await letters.sweep(startMs + 1)).toBeGreaterThanOrEqual(1);
      expect(await letters.read(other.id)).toBeNull();
    });
  });
}

function describeEntries(under: () => StoreUnderTest): void {
  describe("entries", () => {
    test("are read by id, by their own tenant alone", async () => {
      const { store } = under();
      const entry = newEntry(newTenant(), "text");
      await store.commit({ entries: [entry] });
      const read = await store.entries.get(entry.tenant, entry.id);
      expect(toText(read!.bytes)).toBe("text");
      expect(await store.entries.get(newTenant(), entry.id)).toBeNull();
      expect(await store.entries.page(newTenant(), { after: 0n, limit: 10 })).toEqual([]);
    });

    test("one id may be in use by two tenants", async () => {
      const { store } = under();
      const entry = newEntry(newTenant(), "one");
      const other = { ...entry, tenant: newTenant(), bytes: toBytes("two") };
      await store.commit({ entries: [entry, other] });
      expect(toText((await store.entries.get(other.tenant, other.id))!.bytes)).toBe("two");
    });

    test("pages never skip what is being written beside them", async () => {
      const { store } = under();
      const tenant = newTenant();
      const count = 400;
      let writing = true;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let each = 0; each < count / 8; each += 1) {
          const unit = { entries: [newEntry(tenant, `${writer}.${each}`)] };
          // Some in transactions of their own, which commit out of the order of their cursors.
          const wakes =
            each % 5 === 0 ? { wakes: [{ run: unit.entries[0]!.id as never, tenant }] } : {};
          await store.commit({ ...unit, ...wakes });
        }
      });
      const seen: string[] = [];
      const reader = (async () => {
        let after = 0n;
        for (let done = false; !done;) {
          done = !writing;
          const page = await store.entries.page(tenant, { after, limit: 50 });
          if (page.length > 0) done = false;
          for (const row of page) {
            expect(row.cursor > after).toBe(true);
            after = row.cursor;
            seen.push(toText(row.bytes));
          }
        }
      })();
      await Promise.all(writers);
      writing = false;
      await reader;
      expect(seen).toHaveLength(count);
      expect(new Set(seen).size).toBe(count);
    });
  });
}

function describeBlobs(under: () => StoreUnderTest): void {
  test("blobs are kept by tenant and id, and removed once", async () => {
    const { blobs } = under().store;
    const [tenant, other, id] = [newTenant(), newTenant(), newDigest()];
    await blobs.put(tenant, id, toBytes("bytes"));
    await blobs.put(tenant, id, toBytes("bytes"));
    expect(toText((await blobs.get(tenant, id))!)).toBe("bytes");
    expect(await blobs.get(other, id)).toBeNull();
    expect(await blobs.get(tenant, newDigest())).toBeNull();
    expect(await blobs.remove(other, id)).toBe(false);
    expect(await blobs.remove(tenant, id)).toBe(true);
    expect(await blobs.remove(tenant, id)).toBe(false);
    await expect(blobs.put(tenant, "sha256:12" as never, toBytes(""))).rejects.toMatchObject({
      code: "payload_invalid",
    });
  });
}

function describeRevisions(under: () => StoreUnderTest): void {
  test("I15: revisions follow each other by compare-and-swap", async () => {
    const { revisions } = under().store;
    const toRow = (text: string, appliedAtMs: number) => ({
      digest: newDigest(),
      bytes: toBytes(text),
      appliedAtMs,
    });
    const before = (await revisions.current())?.digest ?? null;
    const [first, second, third] = [toRow("1", 1), toRow("2", 2), toRow("3", 3)];
    if (before === null) expect(await revisions.apply(second, first.digest)).toBe("stale");
    expect(await revisions.apply(first, before)).toBe("applied");
    expect(await revisions.apply(second, before)).toBe("stale");
    const racing = await Promise.all(
      [second, third].map((next) => revisions.apply(next, first.digest)),
    );
    expect(racing.toSorted()).toEqual(["applied", "stale"]);
    const winner = racing[0] === "applied" ? second : third;
    expect(await revisions.current()).toMatchObject({ digest: winner.digest });
    // Back to an old one: it is current again, and listed as often as it was applied.
    const again = { ...first, appliedAtMs: 4 };
    expect(await revisions.apply(again, winner.digest)).toBe("applied");
    expect(await revisions.get(first.digest)).toMatchObject({ appliedAtMs: 4 });
    const listed = await revisions.list(3);
    expect(listed.map((row) => row.digest)).toEqual([first.digest, winner.digest, first.digest]);
    expect(toText(listed[0]!.bytes)).toBe("1");
    expect(await revisions.get(newDigest())).toBeNull();
  });
}

function describePins(under: () => StoreUnderTest): void {
  test("I11: pins change by compare-and-swap and are revoked once", async () => {
    const { pins } = under().store;
    const tenant = newTenant();
    const toPin = (tool: string, changes: Partial<PinRow> = {}): PinRow => ({
      tenant,
      server: "files",
      tool,
      digest: newDigest(),
      definition: toBytes(`definition of ${tool}`),
      acceptedBy: "an approver",
      acceptedAtMs: startMs,
      ...changes,
    });
    const [read, next] = [toPin("read"), toPin("read")];
    expect(await pins.accept(next, read.digest)).toBe("stale");
    expect(await pins.accept(read, null)).toBe("accepted");
    expect(await pins.accept(next, null)).toBe("stale");
    expect(await pins.accept(next, newDigest())).toBe("stale");
    expect(await pins.accept(next, read.digest)).toBe("accepted");
    const { definition, ...rest } = next;
    const pinned = await pins.get(tenant, "files", "read");
    expect(pinned).toMatchObject(rest);
    expect(toText(pinned!.definition)).toBe(toText(definition));
    // Ordered by bytes: capitals first, and beyond the basic plane last.
    for (const tool of ["write", "Écrire", "\u{1f600}", "\uffee", "List"]) {
      expect(await pins.accept(toPin(tool), null)).toBe("accepted");
    }
    await pins.accept(toPin("other", { server: "mail" }), null);
    const tools = (await pins.list(tenant, "files")).map((pin) => pin.tool);
    expect(tools).toEqual(["List", "read", "write", "Écrire", "\uffee", "\u{1f600}"]);
    expect(await pins.get(newTenant(), "files", "read")).toBeNull();
    expect(await pins.revoke(newTenant(), "files", "read")).toBe(false);
    expect(await pins.revoke(tenant, "files", "read")).toBe(true);
    expect(await pins.revoke(tenant, "files", "read")).toBe(false);
  });
}
