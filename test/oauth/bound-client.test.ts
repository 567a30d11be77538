import { expect, test } from "vitest";
import { createTokenIssuers } from "../../src/adapters/oauth/token-issuers.ts";
import type { Fault } from "../../src/model/index.ts";
import type { IssuerPlace } from "../../src/ports/credentials.ts";
import type { Dialer } from "../../src/ports/dialer.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import {
  clientSecretKey,
  createHouse,
  show,
  sources,
  tenant,
  ann,
  toAsk,
} from "./broker-under-test.ts";

const issuer = "https://issuer.example";
const token = "https://tokens.example/token";

/** Answers for every host, and writes down where the client proved itself. */
function open(place: IssuerPlace) {
  const posted: string[] = [];
  const answer = (value: object) => ({
    status: 200,
    header: (name: string) => (name === "content-type" ? "application/json" : null),
    text: async () => JSON.stringify(value),
    discard: () => undefined,
  });
  const dialer = {
    open: ({ url }: { url: string }) => ({
      request: async ({ method }: { method: string }) => {
        if (method === "GET") return answer({ issuer, token_endpoint: token });
        posted.push(new URL(url).host);
        return answer({ access_token: "given", token_type: "bearer", expires_in: 60 });
      },
      close: async () => undefined,
    }),
  } as unknown as Dialer;
  const issuers = createTokenIssuers({ dialer, clock: createManualClock(0) });
  const house = createHouse(issuers, { ...sources.clientCredentials, issuer: place });
  const bind = (hosts: readonly string[]) =>
    house.vault.put(clientSecretKey, { value: new SecretValue("client-secret-value"), hosts });
  return { posted, bind, broker: house.createReplica() };
}

test("I9: a client's secret goes to no token endpoint that it is not bound to, whoever names it", async () => {
  const { posted, bind, broker } = open({ kind: "discovered", issuer, private: false });
  await bind(["issuer.example"]);
  for (let round = 0; round < 2; round += 1) {
    // Not the issuer's failure: the second time says the same, not that it is left alone.
    const fault = await broker.headersFor(toAsk()).catch((error: Fault) => error);
    expect(fault).toMatchObject({
      code: "credential_refused",
      message: expect.stringContaining("tokens.example"),
    });
  }
  expect(posted).toEqual([]);
  await bind(["issuer.example", "tokens.example"]);
  expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer given" });
  expect(posted).toEqual(["tokens.example"]);
});

test("a client's secret goes to no revocation endpoint that it is not bound to", async () => {
  const revocation = "https://elsewhere.example/revoke";
  const stated = { kind: "stated", issuer, token, authorization: null, private: false } as const;
  const { posted, bind, broker } = open({ ...stated, revocation });
  const holder = { tenant, server: "github", principal: ann };
  await bind(["tokens.example"]);
  await broker.headersFor(toAsk());
  expect(await broker.revoke(holder)).toEqual({ removed: false, revoked: false });
  expect(posted).toEqual(["tokens.example"]);
  await bind(["tokens.example", "elsewhere.example"]);
  await broker.headersFor(toAsk());
  expect((await broker.revoke(holder)).revoked).toBe(true);
  expect(posted.at(-1)).toBe("elsewhere.example");
});

test("a client's secret that is bound to nothing goes where its issuer is", async () => {
  const { posted, bind, broker } = open({ kind: "discovered", issuer, private: false });
  await bind([]);
  expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer given" });
  expect(posted).toEqual(["tokens.example"]);
});
