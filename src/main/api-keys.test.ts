import { expect, test } from "vitest";
import { configSchema } from "../model/config.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { SecretValue } from "../ports/secrets.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { readApiKeys } from "./api-keys.ts";

const [first, second] = ["the-first-key-of-the-caller", "the-next-key-of-the-caller!"];

async function read(callers: object, more: object = {}) {
  const configDirectory = await mkdtemp(path.join(tmpdir(), "cs-keys-"));
  onTestFinished(() => rm(configDirectory, { recursive: true, force: true }));
  const values: Record<string, string> = { "env://A": first, "env://B": second };
  const config = configSchema.parse({ version: 1, auth: { callers, ...more } });
  const { keyring } = await readApiKeys(config, {
    configDirectory,
    random: createSeededRandom(1),
    secrets: { resolve: async (reference) => new SecretValue(values[reference]!) },
  });
  return keyring;
}

test("a key and its successor are both good until one of them is taken out", async () => {
  const bot = { id: "bot", access: ["caller"], roles: ["ops"], principal: { subject: "bot" } };
  const both = await read({ bot: { key: "env://A", nextKey: "env://B", roles: ["ops"] } });
  expect([both.identify(first), both.identify(second)]).toMatchObject([bot, bot]);
  const after = await read({ bot: { key: "env://B", roles: ["ops"] } });
  expect(after.identify(first)).toBeNull();
  expect(after.identify(second)).toMatchObject(bot);
});

test("a certificate stands for one caller, or for nobody", async () => {
  const keyring = await read({
    one: { certificate: "DNS:one.test", tenant: "acme" },
    two: { certificate: "URI:spiffe://test/two", key: "env://A" },
  });
  expect(keyring.identifyByNames(["DNS:other", "DNS:one.test"])).toMatchObject({
    id: "one",
    principal: { tenant: "acme" },
  });
  expect(keyring.identifyByNames(["URI:spiffe://test/two"])).toMatchObject({ id: "two" });
  expect(keyring.identifyByNames(["DNS:one.test", "URI:spiffe://test/two"])).toBeNull();
  expect(keyring.identifyByNames(["DNS:ONE.test", "dns:one.test", "one.test"])).toBeNull();
  expect(keyring.identifyByNames([])).toBeNull();
});

test("a caller that nothing recognises, and a certificate of two, are refused", () => {
  const parse = (callers: object) => configSchema.safeParse({ version: 1, auth: { callers } });
  expect(parse({ bot: {} }).success).toBe(false);
  expect(parse({ bot: { certificate: "bot.test" } }).success).toBe(false);
  const same = { certificate: "DNS:bot.test" };
  expect(parse({ one: same, two: same }).success).toBe(false);
});

test("a key that two have is nobody's: the start ends, and says whose it is", async () => {
  const reading = read({ bot: { key: "env://A" } }, { approvers: { ann: { key: "env://A" } } });
  await expect(reading).rejects.toMatchObject({
    code: "keys_unusable",
    message: "auth.callers.bot and auth.approvers.ann have the same key.",
  });
  await expect(
    read({ one: { key: "env://A" }, two: { key: "env://B", nextKey: "env://A" } }),
  ).rejects.toMatchObject({ code: "keys_unusable" });
  await expect(read({ bot: { key: "env://A" } }, { adminKey: "env://A" })).rejects.toMatchObject({
    message: "env://A and auth.callers.bot have the same key.",
  });
  // Its own successor may be the same as long as nobody has made another one.
  expect(
    (await read({ bot: { key: "env://A", nextKey: "env://A" } })).identify(first),
  ).toMatchObject({
    id: "bot",
  });
});
