import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { SecretRow, SecretRows } from "../../src/ports/secret-rows.ts";
import type { SecretKey } from "../../src/ports/vault.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newTenant, startMs, toBytes, toText } from "./store-values.ts";

function toRow(key: SecretKey, changes: Partial<SecretRow> = {}): SecretRow {
  return {
    ...key,
    version: 1,
    hosts: [],
    sealed: toBytes(`sealed ${key.name}`),
    wrapped: toBytes("wrapped"),
    keyId: "key-1",
    writtenAtMs: startMs,
    ...changes,
  };
}

const put = (secrets: SecretRows, row: SecretRow) => secrets.change(row, async () => row);
const toPlain = (row: SecretRow | null) =>
  row === null ? null : { ...row, sealed: toText(row.sealed), wrapped: toText(row.wrapped) };

export function describeSecretRows(under: () => StoreUnderTest): void {
  describe("secrets", () => {
    describeKeys(under);
    describePages(under);
    describeChanges(under);
    describePaces(under);
    describeRewraps(under);
  });
}

function describeKeys(under: () => StoreUnderTest): void {
  test("are written, replaced, read and removed, whole", async () => {
    const { secrets } = under().store;
    const key = { tenant: newTenant(), name: "token", subject: null };
    expect(await secrets.get(key)).toBeNull();
    const first = toRow(key, { hosts: ["a.example.com", "b.example.com:8443"] });
    await put(secrets, first);
    expect(toPlain(await secrets.get(key))).toEqual(toPlain(first));
    const second = toRow(key, { version: 2, sealed: toBytes("other"), keyId: "key-2" });
    await put(secrets, second);
    expect(toPlain(await under().peer.secrets.get(key))).toEqual(toPlain(second));
    expect(await secrets.remove(key)).toBe(true);
    expect(await secrets.remove(key)).toBe(false);
    expect(await secrets.get(key)).toBeNull();
  });

  test("no tenant sees another's, and subjects are apart from each other and from nobody", async () => {
    const { secrets } = under().store;
    const [tenant, other] = [newTenant(), newTenant()];
    const keys = [null, "", "ada", "null"].map((subject) => ({ tenant, name: "grant", subject }));
    for (const [index, key] of keys.entries()) await put(secrets, toRow(key, { version: index }));
    for (const [index, key] of keys.entries()) {
      expect((await secrets.get(key))?.version).toBe(index);
      expect(await secrets.get({ ...key, tenant: other })).toBeNull();
      expect(await secrets.remove({ ...key, tenant: other })).toBe(false);
    }
    expect(await secrets.list(other, { after: null, limit: 10 })).toEqual([]);
    await secrets.change({ ...keys[0]!, tenant: other }, async (current) => {
      expect(current).toBeNull();
      return null;
    });
    expect(await secrets.remove(keys[0]!)).toBe(true);
    expect((await secrets.list(tenant, { after: null, limit: 10 })).length).toBe(3);
  });

  test("are refused beyond their bounds, and nothing is written", async () => {
    const { secrets } = under().store;
    const key = { tenant: newTenant(), name: "token", subject: null };
    for (const wrong of [
      { sealed: new Uint8Array(73 * 1024) },
      { wrapped: new Uint8Array(9 * 1024) },
      { hosts: Array.from({ length: 33 }, (_, n) => `h${n}.example.com`) },
      { keyId: "k".repeat(513) },
    ]) {
      await expect(put(secrets, toRow(key, wrong))).rejects.toMatchObject({
        code: "payload_too_large",
      });
    }
    for (const name of ["n\0", "\ud800"]) {
      const wrong = { ...key, name };
      await expect(put(secrets, toRow(wrong))).rejects.toMatchObject({ code: "payload_invalid" });
      await expect(secrets.get(wrong)).rejects.toMatchObject({ code: "payload_invalid" });
    }
    const long = { ...key, name: "n".repeat(512), subject: "s".repeat(512) };
    await put(secrets, toRow(long));
    expect(await secrets.list(key.tenant, { after: null, limit: 10 })).toMatchObject([
      { name: long.name, subject: long.subject },
    ]);
    await expect(secrets.remove({ ...long, name: `${long.name}n` })).rejects.toMatchObject({
      code: "payload_too_large",
    });
  });
}

function describePages(under: () => StoreUnderTest): void {
  test("are listed in pages by name and subject, facts alone", async () => {
    const { secrets } = under().store;
    const tenant = newTenant();
    const wanted: [string, string | null][] = [
      ["B", null],
      ["a", null],
      ["a", ""],
      ["a", "Zoe"],
      ["a", "ada"],
      ["a", "\uffee"],
      ["a", "\u{1f600}"],
      ["ab", "ada"],
    ];
    for (const [name, subject] of wanted.toReversed()) {
      await put(secrets, toRow({ tenant, name, subject }, { hosts: ["h.example.com"] }));
    }
    for (const limit of [1, 2, 3, 100]) {
      const seen: [string, string | null][] = [];
      for (let after: SecretKey | null = null; ;) {
        const page = await secrets.list(tenant, { after, limit });
        expect(page.length).toBeLessThanOrEqual(limit);
        seen.push(...page.map((row): [string, string | null] => [row.name, row.subject]));
        after = page.at(-1) ?? null;
        if (after === null) break;
        expect(Object.keys(page[0]!).toSorted()).toEqual(
          ["hosts", "name", "subject", "tenant", "version", "writtenAtMs"].toSorted(),
        );
      }
      expect(seen).toEqual(wanted);
    }
  });
}

function describeChanges(under: () => StoreUnderTest): void {
  test("twenty that count up at two replicas count to twenty, from a row that was not there", async () => {
    const key = { tenant: newTenant(), name: "counter", subject: "ada" };
    let inside = 0;
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? under().store : under().peer).secrets.change(key, async (current) => {
          inside += 1;
          expect(inside).toBe(1);
          const count = current === null ? 0 : Number(toText(current.sealed));
          seen.push(count);
          await systemClock.sleep(5);
          inside -= 1;
          return toRow(key, { version: count + 1, sealed: toBytes(String(count + 1)) });
        }),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(toText((await under().store.secrets.get(key))!.sealed)).toBe("20");
  });

  test("one that fails, or leaves it, changes nothing and lets the next one in", async () => {
    const { secrets } = under().store;
    const key = { tenant: newTenant(), name: "token", subject: null };
    await put(secrets, toRow(key));
    let asked = 0;
    const broken = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const failing = secrets.change(key, async () => {
      asked += 1;
      throw broken;
    });
    // As it was thrown, and not tried again: it may look like a lost connection of our own.
    await expect(failing).rejects.toBe(broken);
    expect(asked).toBe(1);
    await secrets.change(key, async () => null);
    expect((await secrets.get(key))?.version).toBe(1);
    await secrets.change(key, async () => "remove");
    expect(await secrets.get(key)).toBeNull();
    await secrets.change(key, async () => "remove");
  });

  test("what was removed says how far the versions of its tenant were used", async () => {
    const { secrets } = under().store;
    const key = { tenant: newTenant(), name: "token", subject: null };
    const other = { ...key, name: "other" };
    const last = async (of: SecretKey): Promise<number> => {
      let seen = -1;
      await secrets.change(of, async (_, lastVersion) => {
        seen = lastVersion;
        return null;
      });
      return seen;
    };
    expect(await last(key)).toBe(0);
    await put(secrets, toRow(key, { version: 7 }));
    await put(secrets, toRow(other, { version: 3 }));
    expect([await last(key), await last(other)]).toEqual([7, 3]);
    await secrets.remove(key);
    await secrets.change(other, async () => "remove");
    expect([await last(key), await last(other)]).toEqual([7, 7]);
    expect(await last({ ...key, tenant: newTenant() })).toBe(0);
  });

  test("many secrets change side by side, and each may read others meanwhile", async () => {
    const { secrets } = under().store;
    const tenant = newTenant();
    const other = { tenant, name: "client", subject: null };
    await put(secrets, toRow(other));
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const key = { tenant, name: "grant", subject: String(index % 20) };
        await secrets.change(key, async (current) => {
          expect(await secrets.get(other)).not.toBeNull();
          return toRow(key, { version: (current?.version ?? 0) + 1 });
        });
      }),
    );
    const rows = await secrets.list(tenant, { after: other, limit: 100 });
    expect(rows.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, () => 2));
  });
}

function describePaces(under: () => StoreUnderTest): void {
  test("a brief change does not wait for slow ones of other secrets, however many there are", async () => {
    const { secrets } = under().store;
    const tenant = newTenant();
    const slow = Promise.withResolvers<null>();
    const subjects = Array.from({ length: 20 }, (_, index) => String(index));
    const waiting = subjects.map((subject) =>
      secrets.change({ tenant, name: "grant", subject }, () => slow.promise).catch(() => undefined),
    );
    const key = { tenant, name: "token", subject: null };
    for (let version = 1; version <= 5; version += 1)
      await secrets.change(key, async () => toRow(key, { version }), "brief");
    expect((await secrets.get(key))?.version).toBe(5);
    slow.resolve(null);
    await Promise.all(waiting);
  });
}

function describeRewraps(under: () => StoreUnderTest): void {
  test("rows of other keys are listed over all tenants and rewrapped once, values untouched", async () => {
    const { secrets } = under().store;
    const keyId = `key of ${newTenant()}`;
    const tenants = [newTenant(), newTenant()];
    const old = tenants.flatMap((tenant) =>
      [null, "ada"].map((subject) => toRow({ tenant, name: "n", subject }, { keyId: "old" })),
    );
    for (const row of old) await put(secrets, row);
    await put(secrets, toRow({ tenant: tenants[0]!, name: "new", subject: null }, { keyId }));

    const found = [];
    for (let after: SecretKey | null = null; ;) {
      const page = await secrets.listWrappedByOthers(keyId, { after, limit: 3 });
      expect(page.length).toBeLessThanOrEqual(3);
      found.push(...page.filter((row) => tenants.includes(row.tenant)));
      after = page.at(-1) ?? null;
      if (after === null) break;
    }
    expect(found.map(({ tenant, subject, name }) => [tenant, name, subject])).toEqual(
      old.map(({ tenant, subject, name }) => [tenant, name, subject]),
    );
    const [first, second] = found;
    const to = { wrapped: toBytes("again"), keyId };
    const large = { wrapped: new Uint8Array(9 * 1024), keyId };
    await expect(secrets.rewrap(first!, large)).rejects.toMatchObject({
      code: "payload_too_large",
    });
    expect(await secrets.rewrap(first!, to)).toBe(true);
    expect(await secrets.rewrap(first!, to)).toBe(false);
    expect(toPlain(await secrets.get(first!))).toEqual(
      toPlain({ ...old[0]!, wrapped: to.wrapped, keyId }),
    );
    await put(secrets, toRow(second!, { version: 2 }));
    expect(await secrets.rewrap(second!, to)).toBe(false);
  });
}
