import { describe, expect, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { toDestination } from "../../src/ports/credentials.ts";
import {
  createHouse,
  host,
  putSecret,
  show,
  sources,
  toAsk,
  userSource,
} from "../oauth/broker-under-test.ts";
import { listen } from "../oauth/listen.ts";
import { createScriptedIssuers } from "../oauth/scripted-issuers.ts";

const value = "the-static-secret";

async function toBroker(hosts: readonly string[]) {
  const house = createHouse(createScriptedIssuers(), { ...sources.static, hosts });
  await putSecret(house.vault, sources.static.secret, value);
  return house.createReplica();
}

test.each([
  "https://evil-api.example.com/",
  "https://api.example.com.evil.example/",
  "https://evilapi.example.com/",
  "https://example.com/",
  "https://com/",
  "https://sub.api.example.com/",
  "https://api.example.com:8443/",
  "https://api.example.com:80/",
  "http://api.example.com/",
  "https://api.example.com./",
  "https://api.example.com@evil.example/",
  "https://user@api.example.com/",
  "https://user:pass@api.example.com/",
  "https://evil.example/api.example.com",
  "https://evil.example\\@api.example.com/",
  "https://evil.example#api.example.com",
  "https://evil.example?api.example.com:443",
  // Cyrillic `а`, and a dot that is none.
  "https://\u0430pi.example.com/",
  "https://api\u2024example.com/",
  "https://xn--pi-7kc.example.com/",
  "https://api.example.com%2eevil.example/",
  "https://api_example.com/",
  "ftp://api.example.com/",
  "javascript://api.example.com/%0aalert(1)",
  "//api.example.com/",
  "",
])(
  "I9: %j gets no credential of api.example.com, asked for before and after it is known",
  async (url) => {
    const broker = await toBroker(["api.example.com"]);
    const destination = toDestination(url) ?? url;
    expect(show(await broker.headersFor(toAsk({ host: destination })))).toBe("host_not_bound");
    expect(show(await broker.headersFor(toAsk()))).toEqual({ "x-api-key": `key ${value}` });
    expect(show(broker.recall(toAsk({ host: destination })))).toBe("host_not_bound");
    // As if somebody forgot to spell it as `toDestination` does.
    for (const raw of [url, url.replace(/^\w+:\/\//, "").replace(/\/$/, "")])
      if (raw !== "api.example.com:443")
        expect(show(broker.recall(toAsk({ host: raw })))).toBe("host_not_bound");
  },
);

test.each([
  "https://api.example.com/",
  "https://API.Example.COM/",
  "https://api.example.com:443/x?y#z",
  "https://\uff41pi.example.com/",
  "https://api\u3002example.com/",
  "https:\\\\api.example.com\\",
])("%j is api.example.com for the parser, as it is for whoever dials", async (url) => {
  const broker = await toBroker(["api.example.com"]);
  expect(toDestination(url)).toBe(host);
  expect(new URL(url).host).toBe("api.example.com");
  expect(show(await broker.headersFor(toAsk({ host: toDestination(url)! })))).toEqual({
    "x-api-key": `key ${value}`,
  });
});

test.each(["127.0.0.1", "127.1", "0x7f000001", "2130706433"])(
  "%s in the list is one address, with its port",
  async (listed) => {
    const broker = await toBroker([`${listed}:8080`]);
    const ask = (url: string) => toAsk({ host: toDestination(url)! });
    expect(show(await broker.headersFor(ask("http://127.0.0.1:8080/")))).toHaveProperty(
      "x-api-key",
    );
    expect(show(await broker.headersFor(ask("http://127.0.0.1:8081/")))).toBe("host_not_bound");
    expect(show(await broker.headersFor(ask("http://127.0.0.2:8080/")))).toBe("host_not_bound");
  },
);

describe("a list of hosts", () => {
  test.each([
    "*",
    "*.example.com",
    "api.*.com",
    "https://api.example.com",
    "api.example.com/path",
    "user@api.example.com",
    "api.example.com#x",
    "api.example.com?x",
    "api.example.com:99999",
    "api.example.com\\x",
    "api example.com",
    "api%2eexample.com",
    "",
  ])("with %j in it is a mistake, not a match", async (listed) => {
    const broker = await toBroker([listed]);
    await expect(broker.headersFor(toAsk())).rejects.toMatchObject({ code: "config_invalid" });
  });

  test("that is empty matches nothing", async () => {
    const broker = await toBroker([]);
    expect(show(await broker.headersFor(toAsk()))).toBe("host_not_bound");
  });
});

test("no consent is asked for, and no token fetched, for a host that is not bound", async () => {
  for (const source of [userSource, sources.clientCredentials, sources.exchange]) {
    const issuers = createScriptedIssuers();
    const { createReplica } = createHouse(issuers, source);
    const outcome = await createReplica().headersFor(toAsk({ host: "evil.example:443" }));
    expect(show(outcome)).toBe("host_not_bound");
    expect(issuers.grants).toEqual([]);
  }
});

test("a server that redirects does not pass the credential on", async () => {
  const seen: string[] = [];
  const thief = await listen((incoming, outgoing) => {
    seen.push(JSON.stringify(incoming.headers));
    outgoing.end();
  });
  const server = await listen((_, outgoing) => outgoing.writeHead(307, { location: thief }).end());
  const broker = await toBroker([new URL(server).host]);
  const outcome = await broker.headersFor(toAsk({ host: toDestination(server)! }));
  if (outcome.kind !== "ready") throw new Error(outcome.kind);
  const target = { url: server, private: true, tls: null, connections: 1 };
  const origin = createDialer().open(target);
  const answer = await origin.request({
    method: "POST",
    path: "/",
    headers: outcome.headers.reveal(),
    body: "{}",
    signal: new AbortController().signal,
  });
  expect(answer.status).toBe(307);
  answer.discard();
  await origin.close();
  expect(seen).toEqual([]);
  expect(show(await broker.headersFor(toAsk({ host: toDestination(thief)! })))).toBe(
    "host_not_bound",
  );
});
