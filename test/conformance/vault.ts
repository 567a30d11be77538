import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import type { SecretMaterial, Vault } from "../../src/ports/vault.ts";
import { newTenant } from "./store-values.ts";

/** Two replicas' vaults on the same rows. */
export interface VaultSubject {
  readonly vault: Vault;
  readonly peer: Vault;
}

export const toChange = (value: string, hosts: readonly string[] = []) => ({
  value: new SecretValue(value),
  hosts,
});
const reveal = (material: SecretMaterial | null) => material?.value.reveal() ?? null;

/** The behaviour of the Vault port, for the real one on each store and for the twin. */
export function describeVault(name: string, subject: () => VaultSubject): void {
  describe(`Vault: ${name}`, () => {
    test("keeps a value, replaces it under the next version, and removes it", async () => {
      const { vault, peer } = subject();
      const key = { tenant: newTenant(), name: "token", subject: null };
      expect(await vault.read(key)).toBeNull();
      const facts = await vault.put(key, toChange("first", ["api.example.com"]));
      expect(facts).toMatchObject({ ...key, version: 1, hosts: ["api.example.com"] });
      expect(await peer.read(key)).toMatchObject(facts);
      expect(reveal(await peer.read(key))).toBe("first");
      expect((await peer.put(key, toChange("zweiter Wert 🔑\n"))).version).toBe(2);
      expect(reveal(await vault.read(key))).toBe("zweiter Wert 🔑\n");
      expect((await vault.read(key))!.hosts).toEqual([]);
      expect(await vault.remove(key)).toBe(true);
      expect(await vault.remove(key)).toBe(false);
      expect(await vault.read(key)).toBeNull();
    });

    test("never uses a version of one name again, also after it was removed", async () => {
      const { vault, peer } = subject();
      const key = { tenant: newTenant(), name: "token", subject: null };
      const seen: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        seen.push((await vault.put(key, toChange("a"))).version);
        seen.push((await peer.put(key, toChange("b"))).version);
        if (round === 1) await peer.update(key, async () => "remove");
        else await vault.remove(key);
      }
      expect(new Set(seen).size).toBe(6);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    });

    test("I9: what it answers does not print a value", async () => {
      const { vault } = subject();
      const key = { tenant: newTenant(), name: "token", subject: "ada" };
      await vault.put(key, toChange("hunter2"));
      const read = await vault.read(key);
      const updated = await vault.update(key, async () => toChange("hunter22"));
      const listed = await vault.list(key.tenant, { after: null, limit: 10 });
      expect(listed).toHaveLength(1);
      const shown = inspect([read, updated, listed], { depth: 10, showHidden: true });
      expect(shown + JSON.stringify([read, updated, listed])).not.toContain("hunter2");
    });

    test("lists facts by name and subject in pages, and no other tenant's", async () => {
      const { vault } = subject();
      const tenant = newTenant();
      for (const [named, of] of [
        ["b", null],
        ["a", "zoe"],
        ["a", null],
        ["a", "ada"],
      ] as const) {
        await vault.put({ tenant, name: named, subject: of }, toChange("value"));
      }
      await vault.put({ tenant: newTenant(), name: "a", subject: null }, toChange("value"));
      const first = await vault.list(tenant, { after: null, limit: 3 });
      const rest = await vault.list(tenant, { after: first.at(-1)!, limit: 3 });
      expect([...first, ...rest].map((row) => [row.name, row.subject])).toEqual([
        ["a", null],
        ["a", "ada"],
        ["a", "zoe"],
        ["b", null],
      ]);
    });

    test("update shows what is there, and writes, leaves or removes it", async () => {
      const { vault } = subject();
      const key = { tenant: newTenant(), name: "grant", subject: "ada" };
      const made = await vault.update(key, async (current) => {
        expect(current).toBeNull();
        return toChange("one");
      });
      expect([made!.version, reveal(made)]).toEqual([1, "one"]);
      const left = await vault.update(key, async (current) => {
        expect(reveal(current)).toBe("one");
        return null;
      });
      expect([left!.version, reveal(left)]).toEqual([1, "one"]);
      const failure = new Error("the issuer said no");
      await expect(vault.update(key, () => Promise.reject(failure))).rejects.toBe(failure);
      expect(reveal(await vault.read(key))).toBe("one");
      expect(await vault.update(key, async () => "remove")).toBeNull();
      expect(await vault.read(key)).toBeNull();
      expect(await vault.update(key, async () => null)).toBeNull();
    });

    test("of twenty that refresh at two replicas each sees what the one before it wrote", async () => {
      const { vault, peer } = subject();
      const key = { tenant: newTenant(), name: "grant", subject: "ada" };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? vault : peer).update(key, async (current) => {
            await systemClock.sleep(2);
            return toChange(String(Number(reveal(current) ?? 0) + 1));
          }),
        ),
      );
      const numbers = answers.map((answer) => Number(reveal(answer))).toSorted((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      expect(await vault.read(key)).toMatchObject({ version: 20 });
    });

    test("a put waits for an update that is under way, and comes after it", async () => {
      const { vault, peer } = subject();
      const key = { tenant: newTenant(), name: "grant", subject: null };
      let put: Promise<unknown> = Promise.resolve();
      await vault.update(key, async () => {
        put = peer.put(key, toChange("put"));
        await systemClock.sleep(20);
        return toChange("refreshed");
      });
      await put;
      const read = await vault.read(key);
      expect([read!.version, reveal(read)]).toEqual([2, "put"]);
    });
  });
}
