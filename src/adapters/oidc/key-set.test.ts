import type { JSONWebKeySet } from "jose";
import { exportJWK, generateKeyPair } from "jose";
import { expect, test } from "vitest";
import { createInMemoryTelemetry } from "../../ports/in-memory-telemetry.ts";
import { createManualClock } from "../../ports/manual-clock.ts";
import { createKeySet } from "./key-set.ts";
import type { ReadToken } from "./read-token.ts";

const limits = { maxAgeMs: 100, maxStaleMs: 1_000, cooldownMs: 10 };

function create() {
  const clock = createManualClock(0);
  const waiting: PromiseWithResolvers<JSONWebKeySet>[] = [];
  const read = (): Promise<JSONWebKeySet> => {
    waiting.push(Promise.withResolvers());
    return waiting.at(-1)!.promise;
  };
  const telemetry = createInMemoryTelemetry();
  const keys = createKeySet({ issuer: "https://idp.example", read, clock, telemetry, limits });
  /** Answers the reading that is under way. */
  const give = async (answer: JSONWebKeySet | Error): Promise<void> => {
    const done = keys.refresh();
    if (answer instanceof Error) waiting.at(-1)!.reject(answer);
    else waiting.at(-1)!.resolve(answer);
    await done;
  };
  return { clock, keys, waiting, give, telemetry };
}

async function makeJwk(kid: string) {
  const { publicKey } = await generateKeyPair("EdDSA");
  return { ...(await exportJWK(publicKey)), kid };
}

const tokenOf = (keyId: string): ReadToken => ({
  kind: "read",
  algorithm: "EdDSA",
  keyId,
  type: null,
  claims: {},
});

test("whoever asks meanwhile waits for the one reading that is under way", async () => {
  const { keys, waiting, give } = create();
  const all = [keys.refresh(), keys.refresh(), keys.refresh()];
  expect(keys.mayLookAgain()).toBe(true);
  expect(waiting).toHaveLength(1);
  await give({ keys: [await makeJwk("a")] });
  await Promise.all(all);
  expect(waiting).toHaveLength(1);
  expect([keys.freshen(), keys.isUsable(), keys.mayLookAgain()]).toEqual([null, true, false]);
});

test("its generation counts changes of the keys, and not readings or the order they stand in", async () => {
  const { keys, give } = create();
  const [one, two, other] = [await makeJwk("a"), await makeJwk("b"), await makeJwk("a")];
  const seen: number[] = [];
  for (const set of [
    [one],
    [one],
    [one, two],
    [two, one],
    [two, { ...one }],
    [two, other],
    [two],
    [],
  ]) {
    await give({ keys: set });
    seen.push(keys.generation);
  }
  expect(seen).toEqual([1, 1, 2, 2, 2, 3, 4, 5]);
});

test("what fails is tried again after the cooldown, and what was read before stays good for a while", async () => {
  const { keys, waiting, give, clock, telemetry } = create();
  await give(new Error("no"));
  expect([keys.isUsable(), keys.freshen()]).toEqual([false, null]);
  clock.advance(10);
  // Without any keys there is nothing to go on with meanwhile.
  expect(keys.freshen()).toBeInstanceOf(Promise);
  await give({ keys: [await makeJwk("a")] });
  clock.advance(101);
  expect(keys.freshen()).toBeInstanceOf(Promise);
  await give(new Error("no"));
  expect(waiting).toHaveLength(3);
  // From now on attempts go on beside the work, one a cooldown.
  for (let attempt = 4; attempt <= 6; attempt += 1) {
    expect(keys.freshen()).toBe(null);
    clock.advance(10);
    expect([keys.freshen(), keys.freshen(), keys.isUsable()]).toEqual([null, null, true]);
    expect(waiting).toHaveLength(attempt);
    await give(new Error("no"));
  }
  expect(await keys.find(tokenOf("a"))).toMatchObject({ type: "public" });
  clock.advance(900);
  expect(keys.isUsable()).toBe(false);
  expect(keys.freshen()).toBeInstanceOf(Promise);
  expect(telemetry.lines).toHaveLength(5);
});

test("a set that is not one leaves the one before", async () => {
  const { keys, give } = create();
  await give({ keys: [await makeJwk("a")] });
  await give({ keys: "none" } as unknown as JSONWebKeySet);
  expect(keys.generation).toBe(1);
  expect(await keys.find(tokenOf("a"))).toMatchObject({ type: "public" });
  expect(await keys.find(tokenOf("b"))).toBe("none");
});
