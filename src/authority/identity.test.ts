import { expect, test } from "vitest";
import type { TenantId } from "../model/index.ts";
import type { ProvenToken, RefusedToken, TokenVerifier } from "../ports/token-verifier.ts";
import { createIdentity, createKeyIdentity } from "./identity.ts";
import { createKeyring, hashKey } from "./keyring.ts";
import { createTokenHolders } from "./token-holders.ts";

const proven: ProvenToken = {
  kind: "proven",
  issuer: "https://idp.example",
  principal: { tenant: "default" as TenantId, kind: "user", subject: "alice", actor: null },
  scopes: [],
  roles: ["ops"],
  audiences: ["https://gate.example/mcp"],
  expiresAtMs: 1_000,
  id: null,
};
const refused: RefusedToken = { kind: "refused", why: "expired", message: "It has expired." };
const token = "eyJhbGciOiJFZERTQSJ9.e30.c2ln";

function open(verdict: ProvenToken | RefusedToken) {
  const asked: string[] = [];
  let known: ProvenToken | null = null;
  const verifier: TokenVerifier = {
    async verify(text) {
      asked.push(text);
      if (verdict.kind === "proven") known = verdict;
      return verdict;
    },
    recall: () => known,
  };
  const toHolder = createTokenHolders({ publicUrl: "https://gate.example", rules: new Map() });
  const keyring = createKeyring([
    { id: "bot", role: "caller", sha256: hashKey("eyJ.key.of-a-bot") },
    { id: "ci", role: "caller", sha256: hashKey("a key") },
  ]);
  const tokens = { verifier, toHolder };
  return { identity: createIdentity({ keyring, tokens, resources: null, agents: null }), asked };
}

test("what was proven once is answered at once, with the same holder", async () => {
  const { identity, asked } = open(proven);
  const first = identity.identify(token);
  expect(first).toBeInstanceOf(Promise);
  const holder = await first;
  expect(identity.identify(token)).toBe(holder);
  expect(asked).toEqual([token]);
  // Nobody configured this issuer's roles here, so it calls tools and does nothing else.
  expect(holder).toMatchObject({ id: "alice", access: ["caller"], roles: ["ops"] });
});

test("what is refused is asked for again, and what is no token is never asked for", async () => {
  const { identity, asked } = open(refused);
  expect(await identity.identify(token)).toBe(refused);
  expect(await identity.identify(token)).toBe(refused);
  expect(asked).toHaveLength(2);
  for (const bearer of ["wrong", "eyJ", "a.b.c", "x".repeat(513)])
    expect(identity.identify(bearer)).toMatchObject({ message: "The API key is not known here." });
  expect(asked).toHaveLength(2);
});

test("a key is a key, however it looks, and waits for nobody", () => {
  const { identity, asked } = open(refused);
  expect(identity.identify("eyJ.key.of-a-bot")).toMatchObject({ id: "bot", opens: null });
  expect(identity.identify("a key")).toMatchObject({ id: "ci", access: ["caller"] });
  expect(createKeyIdentity(createKeyring([])).identify(token)).toMatchObject({ kind: "refused" });
  expect(asked).toEqual([]);
});
