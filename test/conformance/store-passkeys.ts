import { describe, expect, test } from "vitest";
import type { TenantId } from "../../src/model/index.ts";
import { passkeyLimits, type PasskeyRow } from "../../src/ports/passkey-rows.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newDigest, newTenant, startMs, toBytes } from "./store-values.ts";

let made = 0;
const newId = (): string => Buffer.from(`passkey ${(made += 1)}`).toString("base64url");

function toRow(tenant: TenantId, changes: Partial<PasskeyRow> = {}): PasskeyRow {
  return {
    id: newId(),
    approver: { tenant, subject: "ada" },
    publicKey: toBytes("a key"),
    algorithm: -7,
    counter: 0,
    transports: ["internal", "hybrid"],
    addedBy: "admin",
    addedAtMs: startMs,
    usedAtMs: null,
    ...changes,
  };
}

const toPlain = (row: PasskeyRow | null) =>
  row === null ? null : { ...row, publicKey: Buffer.from(row.publicKey).toString("hex") };

export function describePasskeyRows(under: () => StoreUnderTest): void {
  describe("passkeys", () => {
    describeKeys(under);
    describeBounds(under);
    describeCounters(under);
    describeInvitations(under);
    describeChallenges(under);
  });
}

function describeKeys(under: () => StoreUnderTest): void {
  test("are added once, read whole, listed by approver and removed", async () => {
    const { passkeys } = under().store;
    const tenant = newTenant();
    const row = toRow(tenant, { algorithm: -257, counter: 0xffff_ffff, transports: [] });
    const key = { tenant, id: row.id };
    expect(await passkeys.get(key)).toBeNull();
    expect(await passkeys.add(row)).toBe("added");
    expect(await passkeys.add(row)).toBe("exists");
    expect(toPlain(await under().peer.passkeys.get(key))).toEqual(toPlain(row));
    const other = toRow(tenant, { approver: { tenant, subject: "bob" } });
    await passkeys.add(other);
    expect((await passkeys.list(row.approver)).map(toPlain)).toEqual([toPlain(row)]);
    // Another approver's id is nobody else's, whoever says so.
    expect(await passkeys.add({ ...row, approver: other.approver })).toBe("exists");
    expect(await passkeys.remove(key)).toBe(true);
    expect(await passkeys.remove(key)).toBe(false);
    expect(await passkeys.list(row.approver)).toEqual([]);
  });

  test("of one tenant are not there for another, not even under the same id and subject", async () => {
    const { passkeys } = under().store;
    const [tenant, other] = [newTenant(), newTenant()];
    const row = toRow(tenant);
    await passkeys.add(row);
    const there = { tenant: other, id: row.id };
    expect(await passkeys.get(there)).toBeNull();
    expect(await passkeys.touch({ ...there, counter: 9, nowMs: startMs })).toBe(false);
    expect(await passkeys.remove(there)).toBe(false);
    expect(await passkeys.list({ ...row.approver, tenant: other })).toEqual([]);
    expect(await passkeys.page(other, { after: null, limit: 10 })).toEqual([]);
    const second = { ...row, approver: { tenant: other, subject: "ada" } };
    expect(await passkeys.add(second)).toBe("added");
    expect(await passkeys.remove(there)).toBe(true);
    expect((await passkeys.get({ tenant, id: row.id }))?.counter).toBe(0);
  });

  test("are listed in pages by subject and id, by bytes", async () => {
    const { passkeys } = under().store;
    const tenant = newTenant();
    const subjects = ["Zoe", "ada", "ada", "ada", "\uffee", "\u{1f600}"];
    const rows = subjects.map((subject, n) =>
      toRow(tenant, {
        id: Buffer.from([0xff - n, n]).toString("base64url"),
        approver: { tenant, subject },
      }),
    );
    for (const row of rows) await passkeys.add(row);
    const wanted = [0, 3, 2, 1, 4, 5].map((index) => rows[index]!.id);
    for (const limit of [1, 2, 4, 100]) {
      const seen: string[] = [];
      for (let after: { subject: string; id: string } | null = null; ;) {
        const page: readonly PasskeyRow[] = await passkeys.page(tenant, { after, limit });
        expect(page.length).toBeLessThanOrEqual(limit);
        seen.push(...page.map(({ id }) => id));
        const last = page.at(-1);
        if (last === undefined) break;
        after = { subject: last.approver.subject, id: last.id };
      }
      expect(seen).toEqual(wanted);
    }
  });
}

function describeBounds(under: () => StoreUnderTest): void {
  test("an approver has twenty of them, however many are added at once at two replicas", async () => {
    const tenant = newTenant();
    const added = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        (n % 2 === 0 ? under().store : under().peer).passkeys.add(toRow(tenant)),
      ),
    );
    expect(added.filter((each) => each === "added").length).toBe(passkeyLimits.perApprover);
    expect(added.filter((each) => each === "full").length).toBe(10);
    const { passkeys } = under().store;
    expect((await passkeys.list({ tenant, subject: "ada" })).length).toBe(20);
    expect(await passkeys.add(toRow(tenant, { approver: { tenant, subject: "bob" } }))).toBe(
      "added",
    );
  });

  test("are refused beyond their bounds, and nothing is written", async () => {
    const { passkeys } = under().store;
    const tenant = newTenant();
    const long = Buffer.alloc(1_024, 1).toString("base64url");
    for (const wrong of [
      { id: long },
      { publicKey: new Uint8Array(2_049) },
      { transports: Array.from({ length: 9 }, () => "usb") },
      { approver: { tenant, subject: "s".repeat(513) } },
    ]) {
      await expect(passkeys.add(toRow(tenant, wrong))).rejects.toMatchObject({
        code: "payload_too_large",
      });
    }
    for (const wrong of [{ id: "" }, { id: "not base64" }, { id: "AB" }, { counter: -1 }]) {
      await expect(passkeys.add(toRow(tenant, wrong))).rejects.toMatchObject({
        code: "payload_invalid",
      });
    }
    expect(await passkeys.page(tenant, { after: null, limit: 10 })).toEqual([]);
    const largest = toRow(tenant, { id: Buffer.alloc(1_023, 1).toString("base64url") });
    expect(await passkeys.add(largest)).toBe("added");
  });
}

function describeCounters(under: () => StoreUnderTest): void {
  test("a counter goes forward alone, and of those at once with the same one wins", async () => {
    const { passkeys } = under().store;
    const tenant = newTenant();
    const row = toRow(tenant, { counter: 5 });
    await passkeys.add(row);
    const use = (counter: number, nowMs = startMs + 1) =>
      passkeys.touch({ tenant, id: row.id, counter, nowMs });
    expect([await use(4), await use(5), await use(0)]).toEqual([false, false, false]);
    expect((await passkeys.get({ tenant, id: row.id }))?.usedAtMs).toBeNull();
    const atOnce = await Promise.all(Array.from({ length: 8 }, () => use(6)));
    expect(atOnce.filter(Boolean).length).toBe(1);
    expect(await passkeys.get({ tenant, id: row.id })).toMatchObject({
      counter: 6,
      usedAtMs: startMs + 1,
    });
    expect(await use(0)).toBe(false);
  });

  test("one that does not count is used as often as one likes, until it counts", async () => {
    const { passkeys } = under().store;
    const tenant = newTenant();
    const [{ id }, other] = [toRow(tenant), toRow(tenant)];
    for (const each of [id, other.id]) await passkeys.add(toRow(tenant, { id: each }));
    const use = (counter: number) => passkeys.touch({ tenant, id, counter, nowMs: startMs });
    expect([await use(0), await use(0), await use(1), await use(0)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(await passkeys.get({ tenant, id: other.id })).toMatchObject({
      counter: 0,
      usedAtMs: null,
    });
  });
}

function describeInvitations(under: () => StoreUnderTest): void {
  const invitation = (tenant: TenantId) => ({
    approver: { tenant, subject: "ada" },
    hash: newDigest(),
    by: "admin",
    expiresAtMs: startMs + 1_000,
  });

  test("invitations are taken once, by whom they are for, until they run out", async () => {
    const { passkeys } = under().store;
    const one = invitation(newTenant());
    expect(await passkeys.invite(one, startMs)).toBe("invited");
    const wrong = [
      { ...one, hash: newDigest() },
      { ...one, approver: { ...one.approver, subject: "bob" } },
      { ...one, approver: { ...one.approver, tenant: newTenant() } },
    ];
    for (const each of wrong) {
      expect(await passkeys.isInvited(each, startMs)).toBe(false);
      expect(await passkeys.takeInvitation(each, startMs)).toBeNull();
    }
    expect(await passkeys.takeInvitation(one, one.expiresAtMs)).toBeNull();
    expect(await passkeys.isInvited(one, one.expiresAtMs)).toBe(false);
    expect(await under().peer.passkeys.isInvited(one, startMs)).toBe(true);
    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 === 0 ? under().store : under().peer).passkeys.takeInvitation(one, startMs),
      ),
    );
    expect(taken.filter((by) => by === "admin").length).toBe(1);
    expect(taken.filter((by) => by === null).length).toBe(9);
  });

  test("a tenant has a thousand of them open, and those that ran out make room", async () => {
    const { passkeys } = under().store;
    const tenant = newTenant();
    for (let n = 0; n < passkeyLimits.invitations; n += 100) {
      const put = Array.from({ length: 100 }, () => passkeys.invite(invitation(tenant), startMs));
      expect(new Set(await Promise.all(put))).toEqual(new Set(["invited"]));
    }
    expect(await passkeys.invite(invitation(tenant), startMs)).toBe("full");
    expect(await passkeys.invite(invitation(newTenant()), startMs)).toBe("invited");
    const later = { ...invitation(tenant), expiresAtMs: startMs + 5_000 };
    expect(await passkeys.invite(later, startMs + 1_000)).toBe("invited");
    expect(await passkeys.takeInvitation(later, startMs + 1_000)).toBe("admin");
  });
}

function describeChallenges(under: () => StoreUnderTest): void {
  test("a challenge is spent once at all replicas, and forgotten when it has run out", async () => {
    const { passkeys } = under().store;
    const challenge = { tenant: newTenant(), hash: newDigest(), expiresAtMs: startMs + 1_000 };
    const spent = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 === 0 ? under().store : under().peer).passkeys.spend(challenge, startMs),
      ),
    );
    expect(spent.filter(Boolean).length).toBe(1);
    expect(await passkeys.spend({ ...challenge, tenant: newTenant() }, startMs)).toBe(true);
    expect(await passkeys.spend(challenge, startMs + 999)).toBe(false);
    expect(await passkeys.spend(challenge, startMs + 1_000)).toBe(true);
  });
}
