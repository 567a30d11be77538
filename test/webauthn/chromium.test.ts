import { createPublicKey, hash, verify } from "node:crypto";
import type { Page } from "playwright-core";
import { expect, test, type TestContext } from "vitest";
import { toDigest } from "../../src/model/index.ts";
import type { CeremonyRequest } from "../../src/ports/passkeys.ts";
import { addAuthenticator, openBrowser } from "../browser.ts";
import { approverKey, startTestApi } from "../start-api.ts";
import { expectDone, invite } from "./enroll.ts";
import { ada, openPasskeysUnderTest } from "./passkeys-under-test.ts";

const browser = openBrowser();
const intent = toDigest("an intent");
const approver = { tenant: ada.tenant, subject: "approver" };

/** An approver with one passkey, in Chromium's authenticator, at the page where it was added. */
async function openEnrolled(context: TestContext) {
  const page = await browser.newPage(context);
  const authenticator = await addAuthenticator(page);
  const scene = openPasskeysUnderTest(null);
  const api = await startTestApi({ passkeys: scene.passkeys, limits: { bodyBytes: 1_000_000 } });
  const origin = `http://localhost:${new URL(api.url).port}`;
  scene.moveTo({ name: "localhost", origin });
  await page.goto(`${origin}/passkeys`);
  await page.fill("#key", approverKey);
  await page.fill("#code", await invite(scene, approver));
  await page.click("#go");
  await page.getByText("Done: approver has a new passkey.").waitFor();
  return { page, authenticator, ...scene };
}

test("a further passkey comes in by the word of one that is in, on another device", async (context) => {
  const { page, passkeys, authenticator } = await openEnrolled(context);
  const second = await addAuthenticator(page, { transport: "usb" });
  await page.reload();
  await page.fill("#key", approverKey);
  await page.click("#go");
  await page.getByText("Done: approver has a new passkey.").waitFor();
  const counts = [await authenticator.credentialIds(), await second.credentialIds()];
  expect(counts.map(({ length }) => length)).toEqual([1, 1]);
  const [first, other] = (await passkeys.list(approver)).toSorted((a, b) => b.counter - a.counter);
  expect(first).toMatchObject({ counter: 2, addedBy: "admin", transports: ["internal"] });
  expect(other).toMatchObject({ counter: 1, addedBy: "approver", transports: ["usb"] });
});

/** With the function that our pages have for it. */
function signIn(page: Page, request: CeremonyRequest): Promise<unknown> {
  return page.evaluate(`signWithPasskey(${JSON.stringify(request)})`);
}

test("Chromium signs an intent's digest, and the proof stands without us", async (context) => {
  const { page, passkeys } = await openEnrolled(context);
  for (const counter of [2, 3]) {
    const { request } = expectDone(await passkeys.beginSigning(approver, intent));
    const assertion = await signIn(page, request);
    const { proof } = expectDone(await passkeys.sign(approver, intent, assertion));
    expect((await passkeys.list(approver))[0]).toMatchObject({ counter });
    const [authenticator, client, key, signature] = [
      proof.authenticator,
      proof.client,
      proof.key,
      proof.signature,
    ].map((text) => Buffer.from(text, "base64url"));
    const said = JSON.parse(client!.toString()) as { challenge: string };
    expect(Buffer.from(said.challenge, "base64url").toString("hex")).toBe(intent.slice(7));
    const signed = Buffer.concat([
      authenticator!,
      Buffer.from(hash("sha256", client!, "hex"), "hex"),
    ]);
    const spki = createPublicKey({ key: key!, format: "der", type: "spki" });
    expect(verify("sha256", signed, spki, signature!)).toBe(true);
    // The same words once more, or for something else.
    expect(await passkeys.sign(approver, intent, assertion)).toMatchObject({ why: "counter" });
    const other = await passkeys.sign(approver, toDigest("another"), assertion);
    expect(other).toMatchObject({ why: "challenge" });
  }
});

test("Chromium signs nothing for a person who is not who they say", async (context) => {
  const { page, passkeys, authenticator } = await openEnrolled(context);
  await authenticator.setVerified(false);
  const { request } = expectDone(await passkeys.beginSigning(approver, intent));
  await expect(signIn(page, request)).rejects.toThrow("NotAllowedError");
  // Asked for less, it signs; that is not enough.
  const asked = { ...request, userVerification: "discouraged" };
  const assertion = await signIn(page, asked);
  expect(await passkeys.sign(approver, intent, assertion)).toMatchObject({ why: "unverified" });
});

test("what another site on this machine has signed is refused: the name is shared, the origin not", async (context) => {
  const { page, passkeys } = await openEnrolled(context);
  const other = await startTestApi();
  await page.goto(`http://localhost:${new URL(other.url).port}/passkeys`);
  const { request } = expectDone(await passkeys.beginSigning(approver, intent));
  const assertion = await signIn(page, request);
  expect(await passkeys.sign(approver, intent, assertion)).toMatchObject({ why: "origin" });
});

test("a passkey goes with the word of a passkey, in Chromium", async (context) => {
  const { page, passkeys } = await openEnrolled(context);
  const { id } = (await passkeys.list(approver))[0]!;
  const { ticket, confirm } = expectDone(await passkeys.beginRemoval(approver, id));
  const assertion = await signIn(page, confirm);
  const removed = await passkeys.finishRemoval(approver, { id, ticket, assertion });
  expect(removed).toEqual({ kind: "removed" });
  expect(await passkeys.list(approver)).toEqual([]);
});
