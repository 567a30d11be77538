import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { toKeyRing } from "../adapters/oidc/agent-keys.ts";
import { systemRandom } from "../adapters/system/system-random.ts";
import { SecretValue } from "../ports/secrets.ts";
import { readKeyRing } from "./key-rings.ts";
import { readCardKeys } from "./read-card-keys.ts";
import { toSigningKey } from "./start-identity.ts";

const shown = { travel: { a2a: { public: true, skills: false } } };
const hidden = { travel: {} };
const toConfig = (agents: object, agentKeys: readonly string[] = []) =>
  ({ agents, auth: { agentKeys } }) as unknown as Parameters<typeof readCardKeys>[0];

function open() {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-card-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const resolve = async (reference: string) => new SecretValue(`${reference}-`.repeat(8));
  return { configDirectory: directory, random: systemRandom, secrets: { resolve } };
}

test("a key for cards is made for the first agent that is exposed, and kept", async () => {
  const options = open();
  expect(await readCardKeys(toConfig(hidden), options)).toBe(null);
  expect(readdirSync(options.configDirectory)).toEqual([]);
  const made = await readCardKeys(toConfig(shown), options);
  expect(statSync(path.join(options.configDirectory, "card.key")).mode & 0o077).toBe(0);
  const again = await readCardKeys(toConfig(shown), options);
  expect(again!.jwks).toEqual(made!.jwks);
  expect(JSON.stringify(made!.jwks)).not.toContain('"d"');
});

test("replicas share the keys of cards by references, and none of them signs a token", async () => {
  const references = ["env://NEW", "env://OLD"];
  const one = await readCardKeys(toConfig(shown, references), open());
  const options = open();
  const other = await readCardKeys(toConfig(shown, references), options);
  expect(other!.jwks).toEqual(one!.jwks);
  expect(one!.jwks.keys).toHaveLength(2);
  const seeds = await readKeyRing("agent", { ...options, references });
  const tokens = toKeyRing(seeds.map(toSigningKey)).jwks.keys.map(({ kid }) => kid);
  const cards = one!.jwks.keys.map((key) => (key as { kid: string }).kid);
  expect(cards.filter((kid) => tokens.includes(kid))).toEqual([]);
});
