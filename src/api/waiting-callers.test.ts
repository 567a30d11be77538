import { expect, test } from "vitest";
import { startTestApi, tell } from "../../test/start-api.ts";
import { createIdentity, type Identified } from "../authority/identity.ts";
import { createKeyring, hashKey, type KeyHolder } from "../authority/keyring.ts";

const holder = createKeyring([{ id: "a", role: "admin", sha256: hashKey("a") }]).identify("a")!;

/** An issuer that answers when the test says so. */
async function open(path: string) {
  const waiting: ((identified: Identified) => void)[] = [];
  const none = { keyring: createKeyring([]), tokens: null, resources: null, agents: null };
  const identity = {
    ...createIdentity(none),
    identify: () => new Promise<Identified>((resolve) => waiting.push(resolve)),
  };
  const api = await startTestApi({ identity });
  const told = tell(api.url, path, { key: "eyJ.e30.c2ln" });
  while (waiting.length === 0) await new Promise(setImmediate);
  return { ...api, told, answer: (given: KeyHolder) => waiting[0]!(given) };
}

test("whoever waits for an issuer is served once it has answered", async () => {
  const { told, answer } = await open("/v1/version");
  answer(holder);
  expect((await told).status).toBe(200);
});

test.each(["/v1/version", "/mcp"])("a server that began to stop takes %s no more", async (path) => {
  const { told, answer, drain } = await open(path);
  const drained = drain(5_000);
  answer(holder);
  const { status, body } = await told;
  expect([status, body.error.code]).toEqual([503, "draining"]);
  expect(await drained).toBe("drained");
});
