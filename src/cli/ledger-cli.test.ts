import { expect, test } from "vitest";
import { callCli } from "../../test/call-cli.ts";
import { createTestKeys } from "../../test/ledger/ledger-scene.ts";
import { toLeaf, toRoot } from "../ledger/tree.ts";
import type { Client } from "../client/client.ts";

const keys = await createTestKeys();
const origin = "test.example/default/1";
const bytes = Buffer.from("an entry");
const leaf = toLeaf(bytes);
const checkpoint = keys.sign({ origin, size: 1, root: toRoot([leaf]) });

function toClient(changes: { readonly entry?: Buffer; readonly reason?: string } = {}) {
  const { entry = bytes, reason = null } = changes;
  const state = {
    state: reason === null ? "sound" : "forked",
    reason,
    origin,
    size: 1,
    checkpoint,
    keys: keys.verifiers,
    waiting: 0,
    epochs: [{ origin, epoch: 1, size: 1, open: true, checkpoint }],
  } as const;
  const tile = {
    index: 0,
    hashes: Buffer.from(leaf).toString("base64"),
    entries: [{ id: "an\u001b[31mid", bytes: entry.toString("base64") }],
  };
  const client: Partial<Client> = {
    getLedgerCheckpoint: async () => ({ status: 200, body: state, etag: null }),
    readLedgerEntries: async () => ({
      status: 200,
      body: { origin, epoch: 1, size: 1, tiles: [tile] },
      etag: null,
    }),
  };
  return client;
}

test("ledger verify says what holds, and what was not looked at", async () => {
  const files = { "kept.note": checkpoint, "keys.txt": `# ours\n\n${keys.verifiers[0]!}\n` };
  const line = "ledger verify --against kept.note --key keys.txt";
  const whole = await callCli(line, { client: toClient(), files });
  expect(whole).toMatchObject({ code: 0, out: expect.stringContaining("is what was signed") });
  expect(whole.out).not.toContain("No ");
  const trusting = await callCli("ledger verify", { client: toClient() });
  expect(trusting.out).toContain("No checkpoint was given");
  expect(trusting.out).toContain("No key was given");
  expect((await callCli(`${line} --json`, { client: toClient(), files })).json()).toMatchObject({
    verified: true,
    entries: 1,
    state: "sound",
  });
});

test("what a server says reaches no terminal as it is", async () => {
  const client = toClient({ entry: Buffer.from("another") });
  const altered = await callCli("ledger verify", { client });
  expect(altered).toMatchObject({ code: 10, out: expect.stringContaining("was altered") });
  expect(altered.out).not.toContain("\u001b");
  const forked = await callCli("ledger verify", { client: toClient({ reason: "cut\u001b[2J" }) });
  expect(forked).toMatchObject({ code: 10, out: expect.stringContaining("signs nothing more") });
  expect(forked.out).not.toContain("\u001b");
  const shown = await callCli("ledger checkpoint", { client: toClient({ reason: "x\u001b[2J" }) });
  expect([shown.code, shown.err.includes("\u001b")]).toEqual([10, false]);
});

test("files that are missing or hold nothing are wrong usage", async () => {
  const files = { "empty.txt": "# nothing\n", "blank.note": "\n" };
  const client = toClient();
  for (const line of [
    "ledger verify --against nowhere.note",
    "ledger verify --against blank.note",
    "ledger verify --key empty.txt",
    "ledger verify --key nowhere.txt",
    "receipts verify nowhere.json --key keys.txt",
    "receipts verify empty.txt",
    "receipts ls --limit many",
    "ledger reopen",
  ])
    expect([line, (await callCli(line, { client, files })).code]).toEqual([line, 2]);
});

test("a receipt that is none does not verify", async () => {
  const files = { "receipt.json": "{}" };
  const line = `receipts verify receipt.json --key ${keys.verifiers[0]!}`;
  const ran = await callCli(line, { files });
  expect(ran).toMatchObject({ code: 10, out: expect.stringContaining("does not verify") });
  expect((await callCli(`${line} --json`, { files })).json()).toMatchObject({ verified: false });
});
