import { expect, test } from "vitest";
import { passkeyLimits } from "../../src/ports/passkey-rows.ts";
import { enroll, expectDone, invite, tryEnroll } from "./enroll.ts";
import { ada, bob, openPasskeysUnderTest, otherAda } from "./passkeys-under-test.ts";
import { createSoftwareAuthenticator, type KeyKind, type Lies } from "./software-authenticator.ts";

const minuteMs = 60_000;

test("an invitation brings in one passkey, and says who invited", async () => {
  const scene = openPasskeysUnderTest();
  const code = await invite(scene, ada);
  expect(code).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/);
  const begun = expectDone(await scene.passkeys.beginRegistration(ada, code));
  expect(begun.create).toMatchObject({
    rp: { name: "Countersign", id: "gate.example" },
    user: { name: "ada" },
    attestation: "none",
    authenticatorSelection: { userVerification: "required" },
    pubKeyCredParams: [{ alg: -7 }, { alg: -8 }, { alg: -257 }],
  });
  expect(begun.confirm).toBeNull();
  const authenticator = createSoftwareAuthenticator();
  const finish = {
    ticket: begun.ticket,
    attestation: authenticator.create(begun.create),
    assertion: null,
  };
  const { passkey } = expectDone(await scene.replica.finishRegistration(ada, finish));
  expect(passkey).toMatchObject({
    id: authenticator.id,
    addedBy: "admin",
    algorithm: -7,
    counter: 1,
  });
  // An authenticator that has one makes no other.
  const again = expectDone(await scene.passkeys.beginRegistration(ada, await invite(scene, ada)));
  expect(again.create).toMatchObject({ excludeCredentials: [{ id: authenticator.id }] });
});

test("the code is taken however its groups are typed, and kept as a hash alone", async () => {
  const scene = openPasskeysUnderTest();
  const code = await invite(scene, ada);
  const typed = ` ${code.replaceAll("-", " ").toUpperCase()}\n`;
  const authenticator = createSoftwareAuthenticator();
  expectDone(await tryEnroll(scene, ada, { authenticator, code: typed }));
  expect(scene.telemetry.lines.join()).not.toContain(code.slice(0, 8));
});

test("a stolen key alone gets nothing in: no code, a guessed one, another's, a ticket of one's own", async () => {
  const scene = openPasskeysUnderTest();
  const code = await invite(scene, ada);
  const authenticator = createSoftwareAuthenticator();
  const { passkeys } = scene;
  expect(await passkeys.beginRegistration(ada, null)).toMatchObject({ why: "no_passkey" });
  for (const guess of ["", "0", code.slice(0, -1), `${code}0`, code.replaceAll("-", ".") + "g"]) {
    expect(await passkeys.beginRegistration(ada, guess)).toMatchObject({ why: "invitation" });
  }
  for (const stranger of [bob, otherAda]) {
    expect(await passkeys.beginRegistration(stranger, code)).toMatchObject({ why: "invitation" });
  }
  const begun = expectDone(await passkeys.beginRegistration(ada, code));
  const attestation = authenticator.create(begun.create);
  const tickets = ["", "AAAA", begun.ticket.slice(0, -4), scene.sealer.seal("cursor", "{}")];
  for (const ticket of tickets) {
    const outcome = await passkeys.finishRegistration(ada, {
      ticket,
      attestation,
      assertion: null,
    });
    expect(outcome).toMatchObject({ why: "expired" });
  }
  for (const stranger of [bob, otherAda]) {
    const finish = { ticket: begun.ticket, attestation, assertion: null };
    expect(await passkeys.finishRegistration(stranger, finish)).toMatchObject({ why: "expired" });
    expect(await passkeys.list(stranger)).toEqual([]);
  }
  expect(await passkeys.list(ada)).toEqual([]);
});

test("an invitation runs out after 15 minutes, what was begun after 5", async () => {
  const scene = openPasskeysUnderTest();
  const { passkeys, clock } = scene;
  const late = await invite(scene, ada);
  clock.advance(15 * minuteMs - 1);
  const begun = expectDone(await passkeys.beginRegistration(ada, late));
  clock.advance(1);
  expect(await passkeys.beginRegistration(ada, late)).toMatchObject({ why: "invitation" });
  const attestation = createSoftwareAuthenticator().create(begun.create);
  const finish = { ticket: begun.ticket, attestation, assertion: null };
  // Begun in time, and finished when the invitation had run out.
  expect(await passkeys.finishRegistration(ada, finish)).toMatchObject({ why: "invitation" });

  const code = await invite(scene, ada);
  const slow = expectDone(await passkeys.beginRegistration(ada, code));
  clock.advance(5 * minuteMs);
  const made = createSoftwareAuthenticator().create(slow.create);
  const tooLate = { ticket: slow.ticket, attestation: made, assertion: null };
  expect(await passkeys.finishRegistration(ada, tooLate)).toMatchObject({ why: "expired" });
  // The invitation is still good: nothing was used up.
  const authenticator = createSoftwareAuthenticator();
  expectDone(await tryEnroll(scene, ada, { authenticator, code }));
});

test("an invitation that ten take at once, at two replicas, brings in one passkey", async () => {
  const scene = openPasskeysUnderTest();
  const code = await invite(scene, ada);
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      tryEnroll({ passkeys: n % 2 === 0 ? scene.passkeys : scene.replica }, ada, {
        authenticator: createSoftwareAuthenticator(),
        code,
      }),
    ),
  );
  expect(outcomes.filter(({ kind }) => kind === "added").length).toBe(1);
  expect((await scene.passkeys.list(ada)).length).toBe(1);
});

test("a further passkey comes in by the word of one that is in, once", async () => {
  const scene = openPasskeysUnderTest();
  const { passkeys } = scene;
  const first = await enroll(scene, ada);
  const begun = expectDone(await passkeys.beginRegistration(ada, null));
  const second = createSoftwareAuthenticator("EdDSA");
  const { ticket } = begun;
  const attestation = second.create(begun.create);
  const without = { ticket, attestation, assertion: null };
  expect(await passkeys.finishRegistration(ada, without)).toMatchObject({ why: "malformed" });
  const byItself = { ticket, attestation, assertion: second.sign(begun.confirm!) };
  expect(await passkeys.finishRegistration(ada, byItself)).toMatchObject({ why: "unknown" });
  const finish = { ticket, attestation, assertion: first.sign(begun.confirm!) };
  expect(expectDone(await passkeys.finishRegistration(ada, finish)).passkey.addedBy).toBe("ada");

  // Taken away again, it does not come back by what was sent before.
  expect(await passkeys.remove(ada.tenant, second.id)).toBe(true);
  const replayed = { ...finish, assertion: first.sign(begun.confirm!) };
  expect(await scene.replica.finishRegistration(ada, replayed)).toMatchObject({ why: "replayed" });
  expect((await passkeys.list(ada)).map(({ id }) => id)).toEqual([first.id]);
});

test("the word of another approver's passkey, or for another beginning, brings nothing in", async () => {
  const scene = openPasskeysUnderTest();
  const { passkeys } = scene;
  const first = await enroll(scene, ada);
  const ofBob = await enroll(scene, bob);
  const begun = expectDone(await passkeys.beginRegistration(ada, null));
  const other = expectDone(await passkeys.beginRegistration(ada, null));
  const attestation = createSoftwareAuthenticator().create(begun.create);
  const { ticket } = begun;
  for (const [assertion, why] of [
    [ofBob.sign(begun.confirm!), "not_yours"],
    [first.sign(other.confirm!), "challenge"],
  ] as const) {
    const outcome = await passkeys.finishRegistration(ada, { ticket, attestation, assertion });
    expect(outcome).toMatchObject({ kind: "refused", why });
  }
  const elsewhere = createSoftwareAuthenticator().create(other.create);
  const crossed = { ticket, attestation: elsewhere, assertion: first.sign(begun.confirm!) };
  expect(await passkeys.finishRegistration(ada, crossed)).toMatchObject({ why: "challenge" });
  expect((await passkeys.list(ada)).length).toBe(1);
});

const lies: readonly (readonly [string, Lies, string])[] = [
  ["another challenge", { challenge: Buffer.alloc(32).toString("base64url") }, "challenge"],
  ["another origin", { origin: "https://evil.example" }, "origin"],
  ["another name", { name: "evil.example" }, "rp"],
  ["a frame of another site", { said: { crossOrigin: true } }, "cross_origin"],
  ["a person who was not verified", { flags: 0x41 }, "unverified"],
  ["nobody there", { flags: 0x44 }, "absent"],
  ["no key", { flags: 0x05 }, "malformed"],
  ["a signature's words", { type: "webauthn.get" }, "malformed"],
  ["an id that is not the key's", { id: "another id" }, "malformed"],
  ["a maker's certificate", { statement: "packed with a certificate" }, "attestation"],
  ["a statement that nobody knows", { statement: "unknown" }, "attestation"],
];

test.each(lies)("%s is refused by name, and the invitation is still good", async (_, lie, why) => {
  const scene = openPasskeysUnderTest();
  const code = await invite(scene, ada);
  const authenticator = createSoftwareAuthenticator();
  const outcome = await tryEnroll(scene, ada, { authenticator, code, lies: lie });
  expect(outcome).toMatchObject({ kind: "refused", why });
  expectDone(await tryEnroll(scene, ada, { authenticator, code }));
});

test.each(["ES384", "RS256 of 1024 bits"] as readonly KeyKind[])(
  "a key of %s is not taken",
  async (kind) => {
    const scene = openPasskeysUnderTest();
    const code = await invite(scene, ada);
    const authenticator = createSoftwareAuthenticator(kind);
    const outcome = await tryEnroll(scene, ada, { authenticator, code });
    expect(outcome).toMatchObject({ kind: "refused", why: "algorithm" });
  },
);

test("an id that somebody of the tenant has is nobody else's; in another tenant it is free", async () => {
  const scene = openPasskeysUnderTest();
  const id = Buffer.from("the same id of two");
  const code = await invite(scene, ada);
  const authenticator = createSoftwareAuthenticator("ES256", { id });
  expectDone(await tryEnroll(scene, ada, { authenticator, code }));
  const thief = createSoftwareAuthenticator("ES256", { id });
  const bobs = await invite(scene, bob);
  const taken = await tryEnroll(scene, bob, { authenticator: thief, code: bobs });
  expect(taken).toMatchObject({ kind: "refused", why: "exists" });
  const free = { authenticator: thief, code: await invite(scene, otherAda) };
  expectDone(await tryEnroll(scene, otherAda, free));
});

test("an approver has twenty; a tenant invites a thousand at a time", async () => {
  const scene = openPasskeysUnderTest();
  const { passkeys, clock } = scene;
  const spare = await invite(scene, ada);
  for (let n = 0; n < passkeyLimits.perApprover; n += 1) await enroll(scene, ada);
  expect(await passkeys.beginRegistration(ada, spare)).toMatchObject({ why: "too_many" });
  // The one that is left over is of this number.
  for (let n = 1; n < passkeyLimits.invitations; n += 1) await invite(scene, bob);
  expect(await passkeys.invite(bob, "admin")).toMatchObject({ why: "too_many" });
  expectDone(await passkeys.invite(otherAda, "admin"));
  clock.advance(15 * minuteMs);
  expectDone(await passkeys.invite(bob, "admin"));
});

test("one's own passkey goes with the word of one of one's own, once, and no other's does", async () => {
  const scene = openPasskeysUnderTest();
  const { passkeys } = scene;
  const [first, second] = [await enroll(scene, ada), await enroll(scene, ada)];
  const ofBob = await enroll(scene, bob);
  expect(await passkeys.beginRemoval(ada, ofBob.id)).toMatchObject({ why: "unknown" });
  const { ticket, confirm } = expectDone(await passkeys.beginRemoval(ada, second.id));
  const assertion = first.sign(confirm);
  const finish = { id: second.id, ticket, assertion };
  expect(await passkeys.finishRemoval(ada, { ...finish, id: first.id })).toMatchObject({
    why: "expired",
  });
  expect(await passkeys.finishRemoval(bob, finish)).toMatchObject({ why: "expired" });
  const byBob = { ...finish, assertion: ofBob.sign(confirm) };
  expect(await passkeys.finishRemoval(ada, byBob)).toMatchObject({ why: "not_yours" });
  expect(await passkeys.finishRemoval(ada, finish)).toEqual({ kind: "removed" });
  const again = { ...finish, assertion: first.sign(confirm) };
  expect(await scene.replica.finishRemoval(ada, again)).toMatchObject({ why: "unknown" });
  expect((await passkeys.list(ada)).map(({ id }) => id)).toEqual([first.id]);
});

test("what was begun for one thing is not finished as another", async () => {
  const scene = openPasskeysUnderTest();
  const { passkeys } = scene;
  const { id, sign } = await enroll(scene, ada);
  const removal = expectDone(await passkeys.beginRemoval(ada, id));
  const begun = expectDone(await passkeys.beginRegistration(ada, null));
  const attestation = createSoftwareAuthenticator().create(begun.create);
  const added = { ticket: removal.ticket, attestation, assertion: sign(removal.confirm) };
  expect(await passkeys.finishRegistration(ada, added)).toMatchObject({ why: "expired" });
  const removed = { id, ticket: begun.ticket, assertion: sign(begun.confirm!) };
  expect(await passkeys.finishRemoval(ada, removed)).toMatchObject({ why: "expired" });
  expect((await passkeys.list(ada)).map((row) => row.id)).toEqual([id]);
});

test("where a browser keeps no passkeys for this server, nothing begins", async () => {
  const scene = openPasskeysUnderTest(null);
  const refused = { kind: "refused", why: "no_origin" };
  expect(scene.passkeys.origin()).toBeNull();
  expect(await scene.passkeys.invite(ada, "admin")).toMatchObject(refused);
  expect(await scene.passkeys.beginRegistration(ada, null)).toMatchObject(refused);
});
