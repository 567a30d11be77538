import { describe, expect, test } from "vitest";
import { expectRefused } from "../../test/ledger/expect-refused.ts";
import { createScene, type MutableReceipt } from "../../test/ledger/receipt-scene.ts";
import { scaled } from "../../test/scale.ts";
import { verifyReceipt, type ReceiptReport, type Trust } from "./verify-receipt.ts";

const scene = createScene();
const trust: Trust = { keys: [scene.verifierKey], passkeys: [scene.passkey.fingerprint] };
const { verdict, intent } = scene.entries;

function verify(receipt: MutableReceipt, given = trust): Promise<ReceiptReport> {
  return verifyReceipt(JSON.stringify(receipt), given);
}

/** A ledger that was signed with these entries in it. */
function record(entries: readonly object[]): MutableReceipt {
  return { ...scene.record(entries), openings: [] };
}

describe("passkeys", () => {
  test.each([-7, -8, -257] as const)("of algorithm %d verify", async (algorithm) => {
    const own = createScene({ algorithm });
    const given = { keys: [own.verifierKey], passkeys: null };
    const report = await verify(own.receipt, given);
    expect(report.problems).toEqual([]);
    const { fingerprint } = own.passkey;
    expect(report.passkeys).toEqual([{ fingerprint, trusted: null }]);
    expect(report.doesNotProve.join("\n")).toMatch(/Whose the passkey is/);
  });

  test("many signatures of P-256 are read from DER, short numbers too", async () => {
    for (let count = 0; count < scaled({ test: 20, prove: 2_000 }); count++) {
      const own = createScene();
      expect((await verify(own.receipt, { ...trust, passkeys: null })).verified).toBe(true);
    }
  });

  test.each<[string, Parameters<typeof createScene>[0], RegExp]>([
    ["another intent", { challenge: new Uint8Array(32) }, /another challenge than this intent/],
    ["a challenge cut short", { challenge: new Uint8Array(31) }, /another challenge/],
    ["an enrolment", { client: { type: "webauthn.create" } }, /not made to sign/],
    ["a frame of another site", { client: { crossOrigin: true } }, /another site/],
    ["nobody present", { flags: 0x04 }, /nobody was present/],
    ["nobody verified", { flags: 0x01 }, /did not verify the person/],
    ["no site", { client: { origin: 1 } }, /origin: it is not a text/],
  ])("that signed for %s are refused", async (_case, options, problem) => {
    const own = createScene(options);
    await expectRefused(verify(own.receipt, { keys: trust.keys, passkeys: null }), problem);
  });

  const passkey = verdict["passkey"] as Record<string, unknown>;
  const stranger = createScene().entries.verdict["passkey"] as Record<string, unknown>;
  test.each<[string, object, RegExp]>([
    ["another's key", { key: stranger["key"] }, /signature does not hold/],
    ["another algorithm", { algorithm: -257 }, /signature does not hold/],
    ["an unknown algorithm", { algorithm: -35 }, /signature does not hold/],
    ["an algorithm as a text", { algorithm: "-7" }, /signature does not hold/],
    ["another's authenticator", { authenticator: `${"A".repeat(43)}F` }, /nobody was present/],
    ["no key", { key: "AAAA" }, /signature does not hold/],
    ["no signature", { signature: "" }, /signature does not hold/],
    ["a signature that is not DER", { signature: "MEUCIQD-_w" }, /signature does not hold/],
    ["something else than base64url", { signature: "a+b/" }, /not base64url/],
    ["a member more", { more: 1 }, /other members/],
  ])("with %s are refused", async (_case, change, problem) => {
    const bent = { ...verdict, passkey: { ...passkey, ...change } };
    await expectRefused(verify(record([bent, intent])), problem);
  });

  test("that are not on the list of the trusted are refused", async () => {
    await expectRefused(verify(scene.receipt, { ...trust, passkeys: [] }), /not among the trusted/);
  });

  test("stand for no denial, and a verdict without one rests on the gate's word", async () => {
    const denied = { ...verdict, word: "denied" };
    await expectRefused(verify(record([denied, intent])), /signs no denial/);
    const odd = { ...verdict, word: "maybe" };
    await expectRefused(verify(record([odd, intent])), /its word is not known/);
    const bare = await verify(record([{ ...denied, passkey: null }, intent]));
    expect(bare.verified).toBe(true);
    expect(bare.proves.join("\n")).not.toMatch(/approved|passkey/);
    expect(bare.doesNotProve.join("\n")).toMatch(/rests on the gate's word/);
    expect(bare.doesNotProve.join("\n")).toMatch(/Who approved/);
  });
});
