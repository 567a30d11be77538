import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectRefused } from "../../test/ledger/expect-refused.ts";
import { createScene, type MutableReceipt } from "../../test/ledger/receipt-scene.ts";
import { scaled, seed } from "../../test/scale.ts";
import { toCanonicalText } from "../model/index.ts";
import { createNoteSigner, signNote, toVerifierKey } from "./checkpoint.ts";
import { verifyReceipt, type ReceiptReport, type Trust } from "./verify-receipt.ts";

const scene = createScene();
const trust: Trust = { keys: [scene.verifierKey], passkeys: [scene.passkey.fingerprint] };
const { verdict, intent, outcome, resolution } = scene.entries;
const all = [verdict, intent, outcome, resolution];
const runs = { numRuns: scaled({ test: 200, prove: 20_000 }), seed: seed() };

function verify(receipt: MutableReceipt, given = trust): Promise<ReceiptReport> {
  return verifyReceipt(JSON.stringify(receipt), given);
}

/** The scene's receipt, after a change of the file alone. */
function bend(change: (receipt: MutableReceipt) => void): MutableReceipt {
  const receipt = structuredClone(scene.receipt);
  change(receipt);
  return receipt;
}

/** A ledger that was signed with these entries in it; without openings, unless they are asked for. */
function recorded(
  entries: readonly (object | string)[],
  opened: readonly string[] = [],
): MutableReceipt {
  const receipt = scene.record(entries);
  receipt.openings = receipt.openings.filter(({ of }) => opened.includes(of));
  return receipt;
}

test("I5: a receipt of an approved call verifies, and says in words what it proves", async () => {
  const report = await verify(scene.receipt);
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({
    verified: true,
    checkpoint: { origin: "gate.example/acme/1", tenant: "acme", size: 40 },
    keys: [scene.verifierKey.slice(0, scene.verifierKey.lastIndexOf("+"))],
    passkeys: [{ fingerprint: scene.passkey.fingerprint, trusted: true }],
  });
  expect(report.entries).toEqual([
    expect.stringMatching(/^Verdict at 2023.*: approved with a passkey/),
    expect.stringMatching(/^Intent at .*tool "book" of server "flights".*"ask" by "book-asks"/),
    expect.stringMatching(/^Outcome at .*"answered"/),
    expect.stringMatching(/^Resolution at .*"done", says "ada"/),
  ]);
  expect(report.opened.map(({ of }) => of)).toEqual(["intent", "args", "result", "verdict"]);
  expect(report.proves.join("\n")).toMatch(/passkey sha256:\w+ signed exactly this intent/);
  expect(report.proves.join("\n")).toMatch(/arguments that are shown are those of this intent/);
  expect(report.proves.join("\n")).toMatch(/approval stands in the ledger before the intent/);
  expect(report.doesNotProve[0]).toMatch(/upstream server told the truth/);
});

test("spaces and the order of members change nothing", async () => {
  const { v, entries, checkpoint, openings } = scene.receipt;
  const text = `\n ${JSON.stringify({ openings, checkpoint, entries, v }, null, "\t")}\r\n`;
  expect(await verifyReceipt(text, trust)).toEqual(await verify(scene.receipt));
});

test("a read has an outcome alone, and a call may have less than all", async () => {
  const read = await verify(recorded([{ ...outcome, of: null }]));
  expect(read).toMatchObject({ verified: true, problems: [] });
  expect(read.doesNotProve.join("\n")).toMatch(/no intent entry/);
  const open = await verify(recorded([intent]));
  expect(open).toMatchObject({ verified: true });
  expect(open.doesNotProve.join("\n")).toMatch(/How the call ended/);
  expect(open.doesNotProve.join("\n")).toMatch(/Who approved/);
  expect(await verify(recorded([verdict, { ...outcome, of: null }]))).toMatchObject({
    verified: true,
  });
  expect(await verify(recorded(all))).toMatchObject({ verified: true, opened: [] });
});

test("an order that the ledger does not show is not claimed", async () => {
  const text = JSON.stringify(scene.record([intent, verdict, outcome]));
  const receipt = JSON.parse(text) as MutableReceipt;
  receipt.entries = [receipt.entries[1]!, receipt.entries[0]!, receipt.entries[2]!];
  const report = await verify(receipt);
  expect(report.verified).toBe(true);
  expect(report.proves.join("\n")).not.toMatch(/approval stands in the ledger before/);
  expect(report.proves.join("\n")).toMatch(/intent stands in the ledger before its outcome/);
});

test("I5: a flipped bit anywhere in the file makes it unverified, or changes nothing claimed", async () => {
  const file = Buffer.from(JSON.stringify(scene.receipt));
  const honest = await verify(scene.receipt);
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length * 8 - 1), async (bit) => {
      const bent = Buffer.from(file);
      bent[bit >> 3] = bent[bit >> 3]! ^ (1 << (bit & 7));
      const report = await verifyReceipt(bent.toString("utf8"), trust);
      if (report.verified) expect(report).toEqual(honest);
      else expect(report.problems).not.toEqual([]);
    }),
    runs,
  );
});

describe("entries", () => {
  const other = { ...outcome, intent: `sha256:${"0".repeat(64)}` };
  const id = "018bcfe5-6810-7010-8010-101010101010";
  test.each<[string, readonly object[], RegExp]>([
    ["an outcome of another intent", [intent, other], /entry 2, intent: it is of another call/],
    ["an outcome of another entry", [intent, { ...outcome, of: id }], /of: it is of another call/],
    ["an outcome on another server", [intent, { ...outcome, server: "x" }], /server: .*another/],
    ["an outcome of another tool", [intent, { ...outcome, tool: "x" }], /tool: .*another call/],
    ["an outcome that misses its intent", [outcome], /of: it is of another call/],
    ["two intents", [intent, { ...intent, id }], /several calls/],
    ["two outcomes", [intent, outcome, { ...outcome, id }], /several calls/],
    ["the same entry twice", [intent, intent], /it is there twice/],
    [
      "a verdict on another approval",
      [{ ...verdict, approval: id }, intent],
      /approval: .*another/,
    ],
    ["a verdict alone", [verdict], /neither the intent nor the outcome/],
    ["a resolution of another call", [intent, { ...resolution, of: id }], /of: it is of another/],
    ["a resolution without an intent", [{ ...outcome, of: null }, resolution], /another call/],
    ["another order", [outcome, intent], /the order is/],
    ["a verdict on a rollout", [{ ...verdict, on: "rollout" }, intent], /on: it is of another/],
    ["a gap", [{ ...intent, kind: "gap" }], /belongs to no call/],
    ["another version", [{ ...intent, v: 2 }], /this version is not known/],
    ["a time beyond time", [{ ...intent, atMs: 9e15 }], /its time is not one/],
    ["an intent that is no digest", [{ ...intent, intent: "x" }], /not a digest/],
    ["rules that are no list", [{ ...intent, decision: { kind: "ask", rules: "all" } }], /rules/],
  ])("with %s are refused", async (_case, entries, problem) => {
    await expectRefused(verify(recorded(entries)), problem);
  });

  test("with a verdict on another intent are refused", async () => {
    const elsewhere = createScene({ challenge: new Uint8Array(32) }).entries.verdict;
    const bent = { ...elsewhere, intent: `sha256:${"0".repeat(64)}` };
    await expectRefused(verify(recorded([bent, intent])), /intent: it is of another call/);
  });

  test("of another tenant's ledger are refused", async () => {
    const receipt = scene.record([intent], "globex");
    receipt.openings = [];
    await expectRefused(verify(receipt), /of another tenant than the checkpoint/);
  });

  test("that another call's receipt brings along are refused", async () => {
    const [, , taken] = scene.record([{ ...outcome, of: null }, verdict, intent]).entries;
    await expectRefused(
      verify(bend(({ entries }) => void (entries[1] = taken!))),
      /entry 2: it is not in the tree of the checkpoint/,
    );
  });

  test("that are not canonical, or say a thing twice, are refused although they are signed", async () => {
    const canonical = toCanonicalText(intent);
    expect((await verify(recorded([canonical]))).verified).toBe(true);
    const twice = `{"v":1,${canonical.slice(1)}`;
    const spaced = ` ${canonical}`;
    const turned = JSON.stringify(Object.fromEntries(Object.entries(intent).toReversed()));
    const longer = canonical.replace('"v":1}', '"v":1.0}');
    const escaped = canonical.replace('"tool":"book"', '"tool":"\\u0062ook"');
    for (const [text, problem] of [
      [twice, /entry 1: a key stands twice/],
      [spaced, /entry 1: its bytes are not canonical/],
      [turned, /entry 1: its bytes are not canonical/],
      [longer, /entry 1: its bytes are not canonical/],
      [escaped, /entry 1: its bytes are not canonical/],
      [`\ufeff${canonical}`, /entry 1: it is not JSON/],
      ["[]", /entry 1: it is not an object/],
      ["", /entry 1: it is not JSON/],
    ] as const) {
      expect(text).not.toBe(canonical);
      await expectRefused(verify(recorded([text])), problem);
    }
    const bytes = Buffer.of(0x7b, 0xff, 0x7d).toString("base64");
    await expectRefused(
      verify(bend(({ entries }) => void (entries[1]!.bytes = bytes))),
      /entry 2: it is not UTF-8/,
    );
  });

  test.each<[string, (receipt: MutableReceipt) => void, RegExp]>([
    ["another index", ({ entries }) => void (entries[0]!.index += 1), /entry 1: it is not in the/],
    ["an index beyond", ({ entries }) => void (entries[0]!.index = 40), /entry 1: it is not in/],
    ["half an index", ({ entries }) => void (entries[0]!.index = 0.5), /not a whole number/],
    ["a shorter path", ({ entries }) => void entries[0]!.path.pop(), /entry 1: it is not in the/],
    ["a short hash", ({ entries }) => void (entries[0]!.path[0] = "00"), /not 32 bytes in hex/],
    [
      "swapped indexes",
      ({ entries: [a, b] }) => {
        [a!.index, b!.index] = [b!.index, a!.index];
      },
      /entry 1: .*\n.*entry 2: /,
    ],
    ["no entries", (receipt) => void (receipt.entries = []), /there are none/],
    [
      "too many entries",
      (receipt) => {
        receipt.entries = Array.from({ length: 101 }, () => receipt.entries[0]!);
      },
      /not a short list/,
    ],
    ["another member", (receipt) => void Object.assign(receipt, { more: 1 }), /other members/],
    ["a member less", (receipt) => void Reflect.deleteProperty(receipt, "openings"), /other memb/],
    ["another version", (receipt) => void (receipt.v = 2), /this version is not known/],
  ])("of a file with %s are refused", async (_case, change, problem) => {
    await expectRefused(verify(bend(change)), problem);
  });
});

describe("the file", () => {
  test.each<[string, string, RegExp]>([
    ["nothing", "", /not JSON/],
    ["no object", "[]", /not an object/],
    ["null", "null", /not an object/],
    ["a key that stands twice", '{"v":1,"v":1}', /stands twice/],
    ["an escaped key that stands twice", '{"v":1,"\\u0076":1}', /stands twice/],
    ["the key of prototypes twice", '{"__proto__":1,"__proto__":{}}', /stands twice/],
    ["colons within texts", '{"v":":\\"::","w":{"a":1,"a":1}}', /stands twice/],
    ["a number too large", '{"v":1e400}', /too large/],
    ["half a surrogate pair", '{"v":"\\ud800"}', /not Unicode/],
    ["great depth", `${"[".repeat(20_000)}${"]".repeat(20_000)}`, /nested deeper/],
    ["more than 16 MiB", " ".repeat(16 * 1024 * 1024 + 1), /longer than/],
  ])("with %s is refused", async (_case, text, problem) => {
    await expectRefused(verifyReceipt(text, trust), problem);
  });

  test("and whatever else comes as one never throws", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        expect((await verifyReceipt(text, trust)).verified).toBe(false);
      }),
      runs,
    );
  });
});

describe("the checkpoint", () => {
  const stranger = createNoteSigner({ name: "gate.example", seed: new Uint8Array(32).fill(8) });
  const body = scene.receipt.checkpoint.split("\n\n")[0]! + "\n";

  test("with a larger size, or another root, is not what was signed", async () => {
    for (const [from, to] of [
      ["\n40\n", "\n41\n"],
      ["\n40\n", "\n64\n"],
      ["/1\n", "/2\n"],
    ]) {
      const bent = bend((receipt) => {
        receipt.checkpoint = receipt.checkpoint.replace(from!, to!);
      });
      await expectRefused(verify(bent), /not a signature by gate.example/);
    }
  });

  test("by another key, by none, or for nobody who is trusted is refused", async () => {
    const byStranger = bend((receipt) => void (receipt.checkpoint = signNote(body, [stranger])));
    await expectRefused(verify(byStranger), /no trusted key signed it/);
    await expectRefused(
      verify(bend((receipt) => void (receipt.checkpoint = body))),
      /no signatures/,
    );
    await expectRefused(
      verify(scene.receipt, { ...trust, keys: [toVerifierKey(stranger)] }),
      /no trusted key signed it/,
    );
    await expectRefused(verify(scene.receipt, { ...trust, keys: [] }), /none was given/);
    await expectRefused(verify(scene.receipt, { ...trust, keys: ["x"] }), /the verifier key/);
    await expectRefused(
      verify(scene.receipt, { ...trust, keys: [scene.verifierKey, "x"] }),
      /the verifier key/,
    );
  });

  test("of another installation is refused, though its key is trusted", async () => {
    const other = createNoteSigner({ name: "gate.other", seed: new Uint8Array(32).fill(9) });
    const bent = bend((receipt) => void (receipt.checkpoint = signNote(body, [other])));
    const given = { ...trust, keys: [scene.verifierKey, toVerifierKey(other)] };
    await expectRefused(verify(bent, given), /does not speak for this origin/);
  });
});

describe("openings", () => {
  test.each<[string, (receipt: MutableReceipt) => void, RegExp]>([
    ["another value", ({ openings }) => void (openings[1]!.value = { seats: 200 }), /does not fit/],
    ["another salt", ({ openings }) => void (openings[1]!.salt = "0".repeat(64)), /does not fit/],
    ["a short salt", ({ openings }) => void (openings[1]!.salt = "00"), /not 32 bytes/],
    ["a result that is no text", ({ openings }) => void (openings[2]!.value = {}), /as a text/],
    [
      "an unknown kind",
      ({ openings }) => void (openings[1]!.of = "secret"),
      /not one of this call/,
    ],
    ["kinds swapped", ({ openings }) => void (openings[1]!.of = "verdict"), /not one of this call/],
    [
      "values swapped",
      ({ openings: [, args, , who] }) => {
        [args!.value, who!.value] = [who!.value, args!.value];
      },
      /does not fit/,
    ],
    ["arguments without their intent", ({ openings }) => void openings.shift(), /not one of this/],
    ["the same twice", ({ openings }) => void openings.push(openings[1]!), /there twice/],
    ["a salt on an intent", ({ openings }) => void (openings[0]!.salt = ""), /other members/],
  ])("with %s are refused", async (_case, change, problem) => {
    await expectRefused(verify(bend(change)), problem);
  });

  test("of another call are refused, however well they fit themselves", async () => {
    const bent = recorded([{ ...intent, intent: `sha256:${"1".repeat(64)}` }], ["intent", "args"]);
    await expectRefused(verify(bent), /opening 1: its commitment is not one of this call/);
    const read = recorded([{ ...outcome, of: null, result: null }], ["result"]);
    await expectRefused(verify(read), /not one of this call/);
  });

  test("of an intent that says otherwise than the entries are refused", async () => {
    const decision = { kind: "allow", policy: "another", rules: [] };
    for (const changed of [{ server: "hotels" }, { tool: "cancel" }, { decision }]) {
      const bent = recorded([{ ...intent, ...changed }], ["intent"]);
      await expectRefused(verify(bent), /the intent says otherwise/);
    }
  });
});

test("what is hidden in a text is made visible", async () => {
  const evidence = "done\u202e enod\u200b\u3164\nand so on";
  const report = await verify(recorded([intent, { ...resolution, evidence }]));
  expect(report.entries[1]).toContain('"done\\u{202e} enod\\u{200b}\\u{3164}\\nand so on"');
});
