import { describe, expect, test } from "vitest";
import type { Digest, RunId, TenantId } from "../../src/model/index.ts";
import type { Store } from "../../src/ports/store.ts";
import type { WorkspaceChange, WorkspaceKey } from "../../src/ports/workspace-rows.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newDigest, newRun, newTenant, startMs, toBytes, toText } from "./store-values.ts";

const subject = "acme\nuser\nada";

function newKey(tenant: TenantId, owner = newRun() as string): WorkspaceKey {
  return { tenant, server: "lab", owner };
}

/** A state with one file: its manifest and its bytes. */
function newChange(
  key: WorkspaceKey,
  text: string,
  changes: Partial<WorkspaceChange> = {},
): WorkspaceChange & { readonly file: Digest } {
  const [manifest, file] = [newDigest(), newDigest()];
  return {
    key,
    run: null,
    subject,
    version: 0,
    manifest,
    blobs: new Map([
      [manifest, toBytes(`manifest of ${text}`)],
      [file, toBytes(text)],
    ]),
    keeps: [manifest, file],
    calls: [],
    nowMs: startMs,
    file,
    ...changes,
  };
}

async function read(store: Store, key: WorkspaceKey, ids: readonly Digest[]) {
  const found = await store.workspaces.blobs(key, ids);
  return ids.map((id) => (found.has(id) ? toText(found.get(id)!) : null));
}

async function startTold(store: Store, tenant: TenantId): Promise<RunId> {
  const run = newRun();
  await store.runs.create({ run, tenant, events: [toBytes("started")] });
  return run;
}

export function describeWorkspaces(under: () => StoreUnderTest): void {
  describe("workspaces", () => {
    describeChanges(under);
    describeOwners(under);
  });
}

function describeChanges(under: () => StoreUnderTest): void {
  test("a state follows the one that was changed, and takes away what it does not name", async () => {
    const { workspaces } = under().store;
    const key = newKey(newTenant());
    expect(await workspaces.get(key)).toBeNull();
    const first = newChange(key, "one", { calls: ["a"] });
    expect(await workspaces.put(first)).toBe("put");
    const row = (await workspaces.get(key))!;
    expect(row).toMatchObject({ version: 1, manifest: first.manifest, calls: ["a"] });
    expect(toText(row.bytes)).toBe("manifest of one");
    const fresh = newChange(key, "two", { version: 1, calls: ["b", "a"] });
    const both = { ...fresh, keeps: [...fresh.keeps, first.file] };
    expect(await workspaces.put(both)).toBe("put");
    const ids = [first.file, first.manifest, fresh.file];
    expect(await read(under().store, key, ids)).toEqual(["one", null, "two"]);
    expect(await workspaces.get(key)).toMatchObject({ version: 2, calls: ["b", "a"] });
  });

  test("of two changes of one state one is stale, at whichever replica", async () => {
    const { store, peer } = under();
    const key = newKey(newTenant());
    const firsts = [newChange(key, "here"), newChange(key, "there")] as const;
    const made = await Promise.all([
      store.workspaces.put(firsts[0]),
      peer.workspaces.put(firsts[1]),
    ]);
    expect(made.toSorted()).toEqual(["put", "stale"]);
    const seconds = Array.from({ length: 8 }, (_, at) => newChange(key, `${at}`, { version: 1 }));
    const again = await Promise.all(
      seconds.map((each, at) => (at % 2 === 0 ? store : peer).workspaces.put(each)),
    );
    expect(again.filter((each) => each === "put")).toHaveLength(1);
    const winner = seconds[again.indexOf("put")]!;
    expect(await peer.workspaces.get(key)).toMatchObject({
      version: 2,
      manifest: winner.manifest,
    });
    const losers = seconds.filter((each) => each !== winner).map(({ file }) => file);
    expect(await read(store, key, losers)).toEqual(losers.map(() => null));
    expect(await store.workspaces.put(newChange(key, "old", { version: 0 }))).toBe("stale");
    expect(await store.workspaces.put(newChange(key, "new", { version: 7 }))).toBe("stale");
  });

  test("no tenant, server or owner sees another's", async () => {
    const { store } = under();
    const tenant = newTenant();
    const key = newKey(tenant);
    const change = newChange(key, "mine");
    await store.workspaces.put(change);
    for (const other of [
      { ...key, tenant: newTenant() },
      { ...key, server: "other" },
      newKey(tenant),
    ]) {
      expect(await store.workspaces.get(other)).toBeNull();
      expect(await read(store, other, [change.file])).toEqual([null]);
    }
  });

  test("what cannot be stored is refused", async () => {
    const { workspaces } = under().store;
    const key = newKey(newTenant());
    const change = newChange(key, "x");
    const wrong: readonly Partial<WorkspaceChange>[] = [
      { version: -1 },
      { run: "nobody" as RunId },
      { calls: ["a\0b"] },
      { manifest: "sha256:12" as Digest },
      { key: { ...key, owner: "\ud800" } },
    ];
    for (const each of wrong)
      await expect(workspaces.put({ ...change, ...each })).rejects.toMatchObject({
        code: "payload_invalid",
      });
    const calls = Array.from({ length: 33 }, (_, at) => `${at}`);
    await expect(workspaces.put({ ...change, calls })).rejects.toMatchObject({
      code: "payload_too_large",
    });
    expect(await workspaces.get(key)).toBeNull();
  });
}

function describeOwners(under: () => StoreUnderTest): void {
  test("one of a run needs the run, goes with it, and is its tenant's", async () => {
    const { store } = under();
    const tenant = newTenant();
    const run = await startTold(store, tenant);
    const key = newKey(tenant, run);
    expect(await store.workspaces.put(newChange(key, "kept", { run }))).toBe("put");
    const other = { ...key, tenant: newTenant() };
    expect(await store.workspaces.put(newChange(other, "taken", { run }))).toBe("stale");
    const append = { run, epoch: 0, head: 1, events: [toBytes("ended")], ended: true };
    await store.commit({ append });
    expect(await store.workspaces.get(key)).not.toBeNull();
    expect(await store.runs.remove(run)).toBe(true);
    expect(await store.workspaces.get(key)).toBeNull();
    expect(await store.workspaces.put(newChange(key, "late", { run }))).toBe("stale");
    expect(await store.workspaces.get(key)).toBeNull();
  });

  test("a run is given a copy of what another's are, once, within its tenant", async () => {
    const { store } = under();
    const tenant = newTenant();
    const [from, to] = [await startTold(store, tenant), await startTold(store, tenant)];
    const stranger = await startTold(store, newTenant());
    const source = newChange(newKey(tenant, from), "copied", { run: from, calls: ["a"] });
    await store.workspaces.put(source);
    await store.workspaces.copy(tenant, { from, to: stranger });
    await store.workspaces.copy(tenant, { from, to });
    const copied = newKey(tenant, to);
    expect(await store.workspaces.get(newKey(tenant, stranger))).toBeNull();
    expect(await store.workspaces.get(copied)).toMatchObject({
      version: 1,
      manifest: source.manifest,
      calls: [],
    });
    await store.workspaces.put(
      newChange(newKey(tenant, from), "changed since", { run: from, version: 1 }),
    );
    await store.workspaces.copy(tenant, { from, to });
    expect(await read(store, copied, [source.file])).toEqual(["copied"]);
    expect(await store.workspaces.get(copied)).toMatchObject({ version: 1 });
  });

  test("those of no run go by their age, and with their subject", async () => {
    const { store } = under();
    const tenant = newTenant();
    const run = await startTold(store, tenant);
    const ofRun = newKey(tenant, run);
    const [old, young, theirs] = [
      newKey(tenant, "old"),
      newKey(tenant, "young"),
      newKey(tenant, "theirs"),
    ];
    await store.workspaces.put(newChange(ofRun, "run", { run, nowMs: 5 }));
    await store.workspaces.put(newChange(old, "old", { nowMs: 5 }));
    await store.workspaces.put(newChange(young, "young"));
    await store.workspaces.put(newChange(theirs, "theirs", { subject: "acme\nuser\nbob" }));
    expect(await store.workspaces.sweep(10, 1_000)).toBe(1);
    expect(await store.workspaces.get(old)).toBeNull();
    expect(await store.workspaces.erase(newTenant(), subject, 10)).toBe(0);
    expect(await store.workspaces.erase(tenant, subject, 10)).toBe(1);
    expect(await store.workspaces.get(young)).toBeNull();
    for (const key of [ofRun, theirs]) expect(await store.workspaces.get(key)).not.toBeNull();
  });
}
