import { createPublicKey, hash, verify } from "node:crypto";
import { expect, test } from "vitest";
import { toConfirmation } from "../../src/authority/passkey-signing.ts";
import { passkeyProofSchema, toDigest, type PasskeyProof } from "../../src/model/index.ts";
import type { Approver } from "../../src/ports/passkeys.ts";
import { enroll, expectDone } from "./enroll.ts";
import { ada, bob, openPasskeysUnderTest, otherAda, place } from "./passkeys-under-test.ts";
import {
  createSoftwareAuthenticator,
  type Lies,
  type SoftwareAuthenticator,
} from "./software-authenticator.ts";

const intent = toDigest("an intent");
type Scene = ReturnType<typeof openPasskeysUnderTest>;

async function trySign(
  { passkeys }: Scene,
  authenticator: SoftwareAuthenticator,
  { lies = {}, approver = ada }: { readonly lies?: Lies; readonly approver?: Approver } = {},
) {
  const { request } = expectDone(await passkeys.beginSigning(approver, intent));
  return passkeys.sign(approver, intent, authenticator.sign(request, lies));
}

/** As whoever holds a receipt checks it: with nothing of ours. */
function isProven({ key, algorithm, authenticator, client, signature }: PasskeyProof): boolean {
  const bytes = (text: string) => Buffer.from(text, "base64url");
  const clientHash = Buffer.from(hash("sha256", bytes(client), "hex"), "hex");
  return verify(
    algorithm === -8 ? null : "sha256",
    Buffer.concat([bytes(authenticator), clientHash]),
    createPublicKey({ key: bytes(key), format: "der", type: "spki" }),
    bytes(signature),
  );
}

test.each(["ES256", "EdDSA", "RS256"] as const)(
  "%s: the challenge is the intent's 32 bytes, and the proof stands without us",
  async (kind) => {
    const scene = openPasskeysUnderTest();
    const authenticator = await enroll(scene, ada, { kind });
    const { request } = expectDone(await scene.passkeys.beginSigning(ada, intent));
    expect(request).toMatchObject({
      challenge: Buffer.from(intent.slice(7), "hex").toString("base64url"),
      rpId: "gate.example",
      userVerification: "required",
      allowCredentials: [{ id: authenticator.id, type: "public-key", transports: ["internal"] }],
    });
    // Begun at one replica, finished at another.
    const signed = await scene.replica.sign(ada, intent, authenticator.sign(request));
    const { proof, passkey } = expectDone(signed);
    expect(passkey).toBe(authenticator.id);
    expect(passkeyProofSchema.parse(proof)).toEqual(proof);
    expect(isProven(proof)).toBe(true);
    expect(isProven({ ...proof, client: Buffer.from("{}").toString("base64url") })).toBe(false);
    expect((await scene.passkeys.list(ada))[0]).toMatchObject({ counter: 2 });
  },
);

const spellings: readonly (readonly [string, (der: Buffer) => readonly (Buffer | number[])[]])[] = [
  ["bytes behind it", (der) => [der, [0, 1, 2]]],
  ["a longer form of its length", (der) => [[0x30, 0x81, der.length - 2], der.subarray(2)]],
  ["a zero too many", (der) => [[0x30, der[1]! + 1, 2, der[3]! + 1, 0], der.subarray(4)]],
];

test.each(spellings)(
  "a signature with %s is none: nobody else could check it",
  async (_, respell) => {
    const scene = openPasskeysUnderTest();
    const authenticator = await enroll(scene, ada);
    const { request } = expectDone(await scene.passkeys.beginSigning(ada, intent));
    const made = authenticator.sign(request) as { response: { signature: string } };
    const parts = respell(Buffer.from(made.response.signature, "base64url"));
    const signature = Buffer.concat(parts.map((part) => Buffer.from(part))).toString("base64url");
    const assertion = { ...made, response: { ...made.response, signature } };
    const refused = { kind: "refused", why: "signature" };
    expect(await scene.passkeys.sign(ada, intent, assertion)).toMatchObject(refused);
    expectDone(await scene.passkeys.sign(ada, intent, made));
  },
);

const lies: readonly (readonly [string, Lies, string])[] = [
  ["another challenge", { challenge: Buffer.alloc(32).toString("base64url") }, "challenge"],
  ["the digest as text", { challenge: intent }, "challenge"],
  ["another origin", { origin: "https://gate.example.evil.net" }, "origin"],
  ["another port", { origin: "https://gate.example:8443" }, "origin"],
  ["plain http", { origin: "http://gate.example" }, "origin"],
  ["a subdomain", { origin: "https://a.gate.example" }, "origin"],
  ["the parent's name", { name: "example" }, "rp"],
  ["a frame of another site", { said: { crossOrigin: true } }, "cross_origin"],
  ["a named frame", { said: { topOrigin: "https://evil.example" } }, "cross_origin"],
  ["a person who was not verified", { flags: 0x01 }, "unverified"],
  ["nobody there", { flags: 0x04 }, "absent"],
  ["a new passkey's words", { type: "webauthn.create" }, "malformed"],
  ["two challenges", { client: '{"challenge":"a","challenge":"b"}' }, "malformed"],
  ["no JSON", { client: "signed" }, "malformed"],
  ["an id that nobody has", { id: "AAAA" }, "unknown"],
  ["somebody else's handle", { userHandle: "AAAA" }, "not_yours"],
  ["one bit of the signature", { flip: true }, "signature"],
];

test.each(lies)("%s is refused by name", async (_case, lie, why) => {
  const scene = openPasskeysUnderTest();
  const authenticator = await enroll(scene, ada);
  expect(await trySign(scene, authenticator, { lies: lie })).toMatchObject({
    kind: "refused",
    why,
  });
  // A refusal counts nothing: the passkey is as good as before.
  expect((await scene.passkeys.list(ada))[0]).toMatchObject({ counter: 1, usedAtMs: null });
  expect(expectDone(await trySign(scene, authenticator)).kind).toBe("signed");
  expect(scene.telemetry.lines.join()).toContain(`"why":"${why}"`);
});

test("what is no assertion at all is refused, whatever it is", async () => {
  const scene = openPasskeysUnderTest();
  const authenticator = await enroll(scene, ada);
  const { request } = expectDone(await scene.passkeys.beginSigning(ada, intent));
  const good = authenticator.sign(request) as { response: Record<string, string> };
  const wrong: readonly unknown[] = [
    null,
    "signed",
    [],
    {},
    { ...good, rawId: "AAAA" },
    { ...good, type: "password" },
    { ...good, response: { ...good.response, signature: `${good.response["signature"]}=` } },
    { ...good, response: { ...good.response, authenticatorData: "AAAA" } },
    { ...good, response: { ...good.response, clientDataJSON: "A".repeat(5_000) } },
  ];
  for (const assertion of wrong) {
    const outcome = await scene.passkeys.sign(ada, intent, assertion);
    expect(outcome).toMatchObject({ kind: "refused", why: "malformed" });
  }
  expect(expectDone(await scene.passkeys.sign(ada, intent, good)).kind).toBe("signed");
});

test("a signature for one intent is none for another, nor for a passkey's coming and going", async () => {
  const scene = openPasskeysUnderTest();
  const authenticator = await enroll(scene, ada, { counts: false });
  const { request } = expectDone(await scene.passkeys.beginSigning(ada, intent));
  const assertion = authenticator.sign(request);
  const refused = { kind: "refused", why: "challenge" };
  expect(await scene.passkeys.sign(ada, toDigest("another"), assertion)).toMatchObject(refused);
  const id = authenticator.id;
  const { ticket, confirm } = expectDone(await scene.passkeys.beginRemoval(ada, id));
  expect(await scene.passkeys.finishRemoval(ada, { id, ticket, assertion })).toMatchObject(refused);
  const agreed = authenticator.sign(confirm);
  expect(await scene.passkeys.sign(ada, intent, agreed)).toMatchObject(refused);
});

test("a passkey signs for its own approver alone, in its own tenant alone", async () => {
  const scene = openPasskeysUnderTest();
  const [ofAda, ofBob] = [await enroll(scene, ada), await enroll(scene, bob)];
  await enroll(scene, otherAda);
  const asked = await trySign(scene, ofBob);
  expect(asked).toMatchObject({ kind: "refused", why: "not_yours" });
  const elsewhere = await trySign(scene, ofAda, { approver: otherAda });
  expect(elsewhere).toMatchObject({ kind: "refused", why: "unknown" });
  expect(await scene.passkeys.beginSigning({ ...ada, subject: "eve" }, intent)).toMatchObject({
    kind: "refused",
    why: "no_passkey",
  });
});

test("a counter that went back, stood still or stopped is a copy's", async () => {
  const scene = openPasskeysUnderTest();
  const authenticator = await enroll(scene, ada);
  expectDone(await trySign(scene, authenticator, { lies: { counter: 10 } }));
  for (const counter of [9, 10, 0]) {
    const outcome = await trySign(scene, authenticator, { lies: { counter } });
    expect(outcome).toMatchObject({ kind: "refused", why: "counter" });
  }
  // Only of what the passkey signed itself: anybody could write a number.
  const forged = await trySign(scene, authenticator, { lies: { counter: 1, flip: true } });
  expect(forged).toMatchObject({ why: "signature" });
  expectDone(await trySign(scene, authenticator, { lies: { counter: 11 } }));
});

test("the adapter by itself refuses a count that is not above the known one", async () => {
  const scene = openPasskeysUnderTest();
  const authenticator = await enroll(scene, ada);
  const { request } = expectDone(await scene.passkeys.beginSigning(ada, intent));
  const assertion = authenticator.sign(request, { counter: 7 });
  const challenge = Buffer.from(intent.slice(7), "hex");
  const [row] = await scene.rows.list(ada);
  const finish = (counter: number) =>
    scene.ceremonies.finishSigning({
      approver: ada,
      challenge,
      assertion,
      find: async () => ({ ...row!, counter }),
    });
  expect(await finish(6)).toMatchObject({ kind: "signed", counter: 7 });
  for (const counter of [7, 8]) expect(await finish(counter)).toMatchObject({ why: "counter" });
});

test("what a passkey agrees to has a digest for each purpose, person and passkey", () => {
  const what = { purpose: "add passkey", approver: ada, passkey: null, nonce: "n" } as const;
  const others = [
    what,
    { ...what, purpose: "remove passkey" as const },
    { ...what, approver: bob },
    { ...what, approver: otherAda },
    { ...what, passkey: "AAAA" },
    { ...what, nonce: "m" },
  ];
  const digests = others.map((each) => Buffer.from(toConfirmation(each)).toString("hex"));
  expect(new Set(digests).size).toBe(others.length);
});

test("of the same assertion sent ten times at once, one is taken where the passkey counts", async () => {
  const scene = openPasskeysUnderTest();
  const authenticator = await enroll(scene, ada);
  const { request } = expectDone(await scene.passkeys.beginSigning(ada, intent));
  const assertion = authenticator.sign(request);
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      (n % 2 === 0 ? scene.passkeys : scene.replica).sign(ada, intent, assertion),
    ),
  );
  expect(outcomes.filter(({ kind }) => kind === "signed").length).toBe(1);
});

test("a server that moved to another name takes no signature made for the old one", async () => {
  const scene = openPasskeysUnderTest();
  const authenticator = await enroll(scene, ada);
  scene.moveTo({ name: "gate.test", origin: "https://gate.test" });
  const there = { lies: { origin: "https://gate.test", name: place.name } };
  expect(await trySign(scene, authenticator, there)).toMatchObject({ why: "rp" });
  scene.moveTo(null);
  expect(await scene.passkeys.beginSigning(ada, intent)).toMatchObject({ why: "no_origin" });
  const unasked = createSoftwareAuthenticator().sign({ challenge: "", rpId: "gate.test" });
  expect(await scene.passkeys.sign(ada, intent, unasked)).toMatchObject({ why: "no_origin" });
});
