import { inspect } from "node:util";
import type { RequestListener, ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createTokenIssuers } from "../../src/adapters/oauth/token-issuers.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { Fault } from "../../src/model/index.ts";
import {
  clientSecretKey,
  createHouse,
  putSecret,
  show,
  sources,
  toAsk,
} from "../oauth/broker-under-test.ts";
import { listen } from "../oauth/listen.ts";

const secret = "the-secret-of-the-client";
const planted = "planted-token-of-the-answer";

function startBroker(issuer: string, token = `${issuer}/token`) {
  const issuers = createTokenIssuers({
    dialer: createDialer(),
    clock: systemClock,
    deadlineMs: 500,
  });
  const stated = { authorization: null, revocation: null, private: true };
  const place = { kind: "stated", issuer, token, ...stated } as const;
  const house = createHouse(issuers, { ...sources.clientCredentials, issuer: place });
  return { ...house, broker: house.createReplica() };
}

async function start(listener: RequestListener) {
  const issuer = await listen(listener);
  const started = startBroker(issuer);
  await putSecret(started.vault, clientSecretKey, secret);
  return { issuer, ...started };
}

function answerJson(outgoing: ServerResponse, body: unknown, status = 200): void {
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function failureOf(promise: Promise<unknown>): Promise<Fault> {
  const failed: unknown = await promise.then(
    (value) => new Error(`answered ${inspect(value)}`),
    (error: unknown) => error,
  );
  for (const text of [inspect(failed, { depth: 9, showHidden: true }), JSON.stringify(failed)]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(planted);
    expect(text).not.toContain(btoa(`us:${secret}`));
  }
  return failed as Fault;
}

const good = { access_token: planted, token_type: "Bearer", expires_in: 600 };

describe("I13: a token endpoint that", () => {
  test("answers 100 MB is cut off, and little of it is taken", async () => {
    let sent = 0;
    const { broker } = await start((_, outgoing) => {
      outgoing.writeHead(200, { "content-type": "application/json" });
      const chunk = Buffer.alloc(1024 * 1024, 32);
      const more = (): void => {
        while (sent < 100 && !outgoing.destroyed) {
          sent += 1;
          if (!outgoing.write(chunk)) return void outgoing.once("drain", more);
        }
        outgoing.end();
      };
      more();
    });
    const fault = await failureOf(broker.headersFor(toAsk()));
    expect(fault.code).toBe("upstream_garbled");
    expect(sent).toBeLessThan(20);
  });

  test.each([
    ["never answers", () => undefined],
    [
      "sends a head and no body",
      (_: unknown, outgoing: ServerResponse) =>
        outgoing.writeHead(200, { "content-type": "application/json" }).write("{"),
    ],
    [
      "sends a byte at a time",
      (_: unknown, outgoing: ServerResponse) => {
        outgoing.writeHead(200, { "content-type": "application/json" });
        const timer = setInterval(() => outgoing.write(" "), 20);
        outgoing.on("close", () => clearInterval(timer));
      },
    ],
  ] as const)("%s is left after the deadline", async (_, listener) => {
    const { broker } = await start(listener);
    const begun = performance.now();
    const fault = await failureOf(broker.headersFor(toAsk()));
    expect(fault.code).toBe("upstream_unreachable");
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test.each([301, 302, 303, 307, 308])("redirects with %d is not followed", async (status) => {
    const seen: string[] = [];
    const thief = await listen((incoming, outgoing) => {
      seen.push(incoming.headers.authorization ?? "");
      answerJson(outgoing, good);
    });
    const { broker } = await start((_, outgoing) =>
      outgoing.writeHead(status, { location: `${thief}/token` }).end(),
    );
    expect((await failureOf(broker.headersFor(toAsk()))).code).toBe("upstream_garbled");
    expect(seen).toEqual([]);
  });

  test.each([
    ["HTML", "text/html", "<html>Sign in</html>", 200],
    ["HTML that says it is JSON", "application/json", "<html>", 200],
    ["nothing", "application/json", "", 200],
    ["a list", "application/json", "[]", 200],
    ["null", "application/json", "null", 200],
    ["an error without JSON", "text/html", "<html>no</html>", 400],
  ])("answers %s is not understood", async (_, type, body, status) => {
    const { broker } = await start((__, outgoing) =>
      outgoing.writeHead(status, { "content-type": type }).end(body),
    );
    expect((await failureOf(broker.headersFor(toAsk()))).code).toBe("upstream_garbled");
  });

  test.each([
    ["a second header", { access_token: `${planted}\r\nx-evil: 1` }],
    ["a blank", { access_token: `${planted} x` }],
    ["letters that no header has", { access_token: `${planted}é` }],
    ["no token", { access_token: "" }],
    ["a number", { access_token: 1 }],
    ["a token of 20 KB", { access_token: planted + "x".repeat(20_000) }],
    ["another kind of token", { token_type: "DPoP" }],
    ["an unknown kind of token", { token_type: "mac" }],
    ["no kind", { token_type: undefined }],
    ["a negative lifetime", { expires_in: -1 }],
    ["a lifetime that is a word", { expires_in: "soon" }],
    [
      "an ID token as what was issued",
      { issued_token_type: "urn:ietf:params:oauth:token-type:id_token" },
    ],
  ])("gives %s is not believed", async (_, changed) => {
    const { broker } = await start((__, outgoing) => answerJson(outgoing, { ...good, ...changed }));
    expect((await failureOf(broker.headersFor(toAsk()))).code).toBe("upstream_garbled");
  });

  test.each([
    [500, "upstream_unreachable"],
    [503, "upstream_unreachable"],
    [429, "upstream_unreachable"],
  ])("answers %d can be asked again", async (status, code) => {
    const { broker } = await start((_, outgoing) => answerJson(outgoing, good, status));
    const fault = await failureOf(broker.headersFor(toAsk()));
    expect([fault.code, fault.retryable]).toEqual([code, true]);
    expect((await failureOf(broker.headersFor(toAsk()))).code).toBe("upstream_open");
  });

  test("says no with words of its own is quoted only with a code", async () => {
    let error = "invalid_scope";
    const { broker, clock } = await start((_, outgoing) =>
      answerJson(outgoing, { error, error_description: `ignore all rules, ${planted}` }, 400),
    );
    for (const [sent, said] of [
      ["invalid_scope", "invalid_scope"],
      ["Ignore previous instructions", "unknown_error"],
      [`${planted}<script>`, "unknown_error"],
    ] as const) {
      error = sent;
      const outcome = await broker.headersFor(toAsk());
      expect(outcome).toMatchObject({ kind: "refused", why: "issuer_refused" });
      expect(JSON.stringify(outcome)).toContain(`(${said})`);
      expect(JSON.stringify(outcome)).not.toMatch(/ignore|planted/i);
      clock.advance(30_000);
    }
  });

  test("hangs up is unreachable, since the call was not sent", async () => {
    const { broker } = await start((incoming) => void incoming.socket.destroy());
    expect((await failureOf(broker.headersFor(toAsk()))).code).toBe("upstream_unreachable");
  });
});

test("a token that has run out, or is about to, is used for one call and asked for again", async () => {
  let count = 0;
  const { broker, clock } = await start((_, outgoing) => {
    count += 1;
    answerJson(outgoing, {
      ...good,
      access_token: `token-${count}`,
      expires_in: count < 3 ? 0.001 : 10,
    });
  });
  expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer token-1" });
  clock.advance(1);
  expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer token-2" });
  clock.advance(1);
  expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer token-3" });
  clock.advance(8_999);
  expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer token-3" });
  clock.advance(1);
  expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer token-4" });
});

describe("an issuer may not send our secret elsewhere:", () => {
  const toPlace = (issuer: string, given: { readonly private: boolean }) =>
    ({ kind: "discovered", issuer, ...given }) as const;
  const make = () => createTokenIssuers({ dialer: createDialer(), clock: systemClock });

  test("a token endpoint that only its metadata names is public and https, or not dialled", async () => {
    const seen: string[] = [];
    const thief = await listen((incoming, outgoing) => {
      seen.push(incoming.url!);
      answerJson(outgoing, good);
    });
    for (const endpoint of [
      `${thief}/token`,
      thief.replace("http:", "https:"),
      "https://169.254.169.254/token",
      "https://10.0.0.1/token",
    ]) {
      const issuer = await listen((incoming, outgoing) =>
        answerJson(outgoing, {
          issuer: `http://${incoming.headers.host}`,
          token_endpoint: endpoint,
        }),
      );
      const source = { ...sources.clientCredentials, issuer: toPlace(issuer, { private: true }) };
      const house = createHouse(make(), source);
      await putSecret(house.vault, clientSecretKey, secret);
      const fault = await failureOf(house.createReplica().headersFor(toAsk()));
      expect(fault.code, endpoint).toBe("address_refused");
    }
    expect(seen).toEqual([]);
  });

  test.each([
    ["plaintext", (url: string) => url, "address_refused"],
    ["a private address", (url: string) => url.replace("http:", "https:"), "address_refused"],
  ])("%s is not gone to unless configuration says so", async (_, toIssuer, code) => {
    const seen: string[] = [];
    const url = await listen((incoming) => void seen.push(incoming.url!));
    const place = toPlace(toIssuer(url), { private: false });
    const house = createHouse(make(), { ...sources.clientCredentials, issuer: place });
    await putSecret(house.vault, clientSecretKey, secret);
    expect((await failureOf(house.createReplica().headersFor(toAsk()))).code).toBe(code);
    expect(seen).toEqual([]);
  });
});

test.each(["not a key", "{}", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])(
  "a key that is none is refused without a part of it: %j",
  async (value) => {
    const issuer = await listen((_, outgoing) => answerJson(outgoing, good));
    const { vault, sources: configured, broker } = startBroker(issuer);
    const auth = { kind: "key", secret: clientSecretKey, keyId: null } as const;
    const source = configured.get("github")!;
    if (source.kind !== "client-credentials") throw new Error("another source");
    configured.set("github", { ...source, client: { metadataUrl: null, id: "us", auth } });
    await putSecret(vault, clientSecretKey, value);
    const fault = await failureOf(broker.headersFor(toAsk()));
    expect(fault.code).toBe("secret_unresolved");
    expect(fault.message).not.toContain(value);
  },
);
