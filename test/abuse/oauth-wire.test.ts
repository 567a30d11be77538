import { expect, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createTokenIssuers } from "../../src/adapters/oauth/token-issuers.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import { toDestination, type CredentialSource } from "../../src/ports/credentials.ts";
import {
  ann,
  clientSecretKey,
  createHouse,
  putSecret,
  sources,
  toAsk,
} from "../oauth/broker-under-test.ts";
import { listen, readForm } from "../oauth/listen.ts";

interface Seen {
  readonly headers: string[];
  readonly forms: URLSearchParams[];
}

/** Records what arrives. The token endpoint is made up: oidc-provider has no token exchange. */
async function startRecorders() {
  const [upstream, issuer]: [Seen, Seen] = [
    { headers: [], forms: [] },
    { headers: [], forms: [] },
  ];
  const upstreamUrl = await listen((incoming, outgoing) => {
    upstream.headers.push(incoming.rawHeaders.join("\n"));
    outgoing.end("{}");
  });
  const issuerUrl = await listen((incoming, outgoing) => {
    void readForm(incoming).then((form) => {
      issuer.headers.push(incoming.rawHeaders.join("\n"));
      issuer.forms.push(form);
      outgoing.writeHead(200, { "content-type": "application/json" });
      const type = "urn:ietf:params:oauth:token-type:access_token";
      const token = { access_token: `exchanged-${issuer.forms.length}`, token_type: "Bearer" };
      outgoing.end(JSON.stringify({ ...token, issued_token_type: type, expires_in: 60 }));
    });
  });
  return { upstream, issuer, upstreamUrl, issuerUrl };
}

/** As the gate does: what the broker gives is all that is added to the call. */
async function call(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const target = { url, private: true, tls: null, connections: 1 };
  const origin = createDialer().open(target);
  const { signal } = new AbortController();
  const answer = await origin.request({ method: "POST", path: "/", headers, body: "{}", signal });
  await answer.text(100);
  await origin.close();
}

test("I10: no token that a caller brought goes to a server or an issuer; what goes is what was brokered", async () => {
  const { upstream, issuer, upstreamUrl, issuerUrl } = await startRecorders();
  const callersToken = "the-callers-own-token-for-the-gate";
  const place = {
    kind: "stated",
    issuer: issuerUrl,
    token: `${issuerUrl}/token`,
    authorization: null,
    revocation: null,
    private: true,
  } as const;
  const hosts = [new URL(upstreamUrl).host];
  const expected: string[] = [];
  for (const source of [
    { ...sources.static, hosts, header: "Authorization", prefix: "Bearer " },
    { ...sources.clientCredentials, hosts, issuer: place },
    { ...sources.exchange, hosts, issuer: place },
  ] satisfies CredentialSource[]) {
    const issuers = createTokenIssuers({ dialer: createDialer(), clock: systemClock });
    const { vault, createReplica } = createHouse(issuers, source, {
      mint: async ({ subject }, audience) => new SecretValue(`minted.${subject}.${audience}`),
    });
    await putSecret(vault, sources.static.secret, "the-api-key");
    await putSecret(vault, clientSecretKey, "the-client-secret");
    // Everything that a caller may shape: none of it is a token to the broker.
    const principal = { ...ann, token: callersToken, bearer: callersToken };
    const ask = {
      ...toAsk({ principal, host: toDestination(upstreamUrl)! }),
      authorization: callersToken,
    };
    const outcome = await createReplica().headersFor(ask);
    if (outcome.kind !== "ready") throw new Error(outcome.kind);
    expect(outcome.id).not.toMatch(/exchanged|the-api-key|minted/);
    await call(upstreamUrl, outcome.headers.reveal());
    expected.push(outcome.headers.reveal()["authorization"]!);
  }
  expect(expected).toEqual(["Bearer the-api-key", "Bearer exchanged-1", "Bearer exchanged-2"]);
  const sent = upstream.headers.map((lines) => /authorization\n(.*)/i.exec(lines)?.[1]);
  expect(sent).toEqual(expected);
  expect(issuer.forms.map((form) => Object.fromEntries(form))).toEqual([
    { grant_type: "client_credentials", scope: "read", resource: "https://api.example.com/mcp" },
    {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      client_id: "us",
      subject_token: "minted.ann.https://issuer.example",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      audience: "api",
    },
  ]);
  const everything = [...upstream.headers, ...issuer.headers, ...issuer.forms.map(String)].join(
    "\n",
  );
  expect(everything).not.toContain(callersToken);
  // The server never sees what opens the issuer, nor our own token.
  expect(upstream.headers.join("\n")).not.toMatch(/the-client-secret|minted/);
});
