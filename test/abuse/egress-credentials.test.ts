import { expect, test } from "vitest";
import { SecretValue } from "../../src/ports/secrets.ts";
import {
  host,
  issueBy,
  issueExpired,
  placeholder,
  secret,
  speak,
  speakThrough,
  startBound,
  startHost,
} from "./bound-under-test.ts";
import { connectHead, connectTo, send, socksRequest, startUpstream } from "./egress-under-test.ts";

/** Made in the first test that needs it. */
let made: ReturnType<typeof issueBy> | null = null;
const own = () => (made ??= issueBy("a host's own"));
const request = (line: string, ...fields: readonly string[]): string =>
  [`${line} HTTP/1.1`, ...fields, "", ""].join("\r\n");
async function start(answer?: (heard: string) => readonly string[]) {
  const upstream = await startHost(own().shown, answer);
  const gate = await startBound(upstream.port, own().trusted);
  const get = (...fields: readonly string[]) =>
    request("GET /v1", `Host: ${gate.place}`, ...fields);
  return { ...upstream, gate, get };
}

test("the secret stands in a request to its host where the placeholder stood, and in no log", async () => {
  const { gate, heard, get } = await start();
  const answer = await speak(gate, get(`Authorization: Bearer ${placeholder}`, "X-Other: kept"));
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s);
  expect(heard).toEqual([
    `GET /v1 HTTP/1.1\r\nHost: ${gate.place}\r\nAuthorization: Bearer ${secret}\r\nX-Other: kept\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n`,
  ]);
  await gate.untilTold(1);
  expect(gate.attempts).toMatchObject([
    {
      host,
      protocol: "connect",
      method: "GET",
      verdict: "allowed",
      reason: "ended",
      credentials: ["API_TOKEN"],
    },
  ]);
  expect(JSON.stringify([gate.attempts, gate.egress.log()])).not.toContain(secret);
});

test("it stands in any header, in several, and within Basic", async () => {
  const { gate, heard, get } = await start();
  const basic = (text: string) => Buffer.from(text).toString("base64");
  await speak(
    gate,
    get(
      `X-Api-Key: ${placeholder}`,
      `Cookie: a=1; token=${placeholder}; b=${placeholder}`,
      `Authorization: Basic ${basic(`user:${placeholder}`)}`,
    ),
  );
  expect(heard[0]).toContain(
    `X-Api-Key: ${secret}\r\nCookie: a=1; token=${secret}; b=${secret}\r\n`,
  );
  expect(heard[0]).toContain(`Authorization: Basic ${basic(`user:${secret}`)}\r\n`);
});

test("it stands neither in a URL nor in a body nor in a header's name", async () => {
  const { gate, heard } = await start();
  const body = `{"token":"${placeholder}"}`;
  const head = request(
    `POST /v1?token=${placeholder}`,
    `Host: ${gate.place}`,
    `X-${placeholder}: 1`,
    `Content-Length: ${body.length}`,
  );
  await speak(gate, [head, body]);
  expect(heard[0]).not.toContain(secret);
  expect(heard[0]!.split(placeholder)).toHaveLength(4);
  await gate.untilTold(1);
  expect(gate.attempts[0]!.credentials).toEqual([]);
});

test("it goes out by SOCKS as by CONNECT", async () => {
  const { gate, heard, get, port } = await start();
  const { socket, until } = connectTo(gate.port);
  socket.write(socksRequest(host, port));
  await until("\u0005\0\u0005\0\0\u0001\0\0\0\0\0\0");
  await speakThrough(socket, get(`X-Api-Key: ${placeholder}`), { ca: gate.egress.authority! });
  expect(heard[0]).toContain(`X-Api-Key: ${secret}`);
});

test("another host gets the placeholder as it is, over TLS unread and in plain text", async () => {
  const other = await startHost(own().shown);
  const plain = await startUpstream();
  const place = `${host}:${other.port}`;
  const gate = await startBound(1, own().trusted, {
    rules: [`${host}:1`, place, `http://plain.example:${plain.port}`],
  });
  // Its own certificate, so nothing in between has read it.
  const said = request("GET /", `Host: ${place}`, `X-Api-Key: ${placeholder}`);
  await speak({ ...gate, place }, said, { ca: own().trusted });
  expect(other.heard).toEqual([said]);
  const url = `http://plain.example:${plain.port}/`;
  await send(
    gate.port,
    request(`GET ${url}`, `Host: plain.example:${plain.port}`, `X: ${placeholder}`),
  );
  expect(plain.received[0]).toContain(placeholder);
  expect(JSON.stringify([other.heard, plain.received])).not.toContain(secret);
});

test("the placeholder of another sandbox is nothing here, and its authority nobody", async () => {
  const { gate, heard, get, port } = await start();
  const neighbour = await startBound(port, own().trusted, {
    credentials: [
      {
        name: "API_TOKEN",
        place: gate.place,
        placeholder: placeholder.replace(/0/g, "f"),
        secret: new SecretValue("the-neighbours-secret"),
      },
    ],
  });
  await speak(neighbour, get(`X-Api-Key: ${placeholder}`));
  expect(heard[0]).toContain(`X-Api-Key: ${placeholder}`);
  const foreign = speak(gate, get(), { ca: neighbour.egress.authority! });
  await expect(foreign).rejects.toMatchObject({
    code: expect.stringMatching(/VERIFY|SIGNATURE|ISSUER|SELF/),
  });
  await gate.untilTold(1);
  expect(gate.attempts).toMatchObject([{ verdict: "refused", credentials: [] }]);
  expect(heard).toHaveLength(1);
});

const key = `X-Api-Key: ${placeholder}`;
test.each([
  ["another Host", ["GET /", "Host: evil.example", key]],
  ["another port", ["GET /", `Host: ${host}:1`, key]],
  ["no port", ["GET /", `Host: ${host}`, key]],
  ["a user before the host", ["GET /", `Host: a@${host}`, key]],
  ["two Hosts", ["GET /", "Host: PLACE", "Host: PLACE", key]],
  ["no Host", ["GET /", key]],
  ["a whole URL", [`GET https://evil.example/`, "Host: PLACE", key]],
  ["a fragment", ["GET /#x", "Host: PLACE", key]],
  ["a space before the colon", ["GET /", "Host: PLACE", `X-Api-Key : ${placeholder}`]],
  ["a folded line", ["GET /", "Host: PLACE", key, " folded"]],
  [
    "a length and chunks",
    ["POST /", "Host: PLACE", key, "Content-Length: 4", "Transfer-Encoding: chunked"],
  ],
  ["two lengths", ["POST /", "Host: PLACE", key, "Content-Length: 4", "Content-Length: 5"]],
  ["a coding besides chunked", ["POST /", "Host: PLACE", key, "Transfer-Encoding: gzip, chunked"]],
  ["the placeholder as a length", ["POST /", "Host: PLACE", `Content-Length: ${placeholder}`]],
  ["the preface of HTTP/2", ["PRI *"]],
])("a request with %s is refused, and its host hears nothing", async (_, [line, ...fields]) => {
  const { gate, heard } = await start();
  const said = request(line!, ...fields.map((field) => field.replace("PLACE", gate.place)));
  const text = line === "PRI *" ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : said;
  expect(await speak(gate, text)).toMatch(/^HTTP\/1\.1 400 /);
  expect(heard.join("")).toBe("");
  await gate.untilTold(1);
  expect(gate.attempts).toMatchObject([{ verdict: "refused", credentials: [] }]);
});

test("a line that ends without a carriage return is refused", async () => {
  const { gate, heard, get } = await start();
  expect(await speak(gate, get(key).replaceAll("\r\n", "\n").concat("\n"))).toMatch(
    /^HTTP\/1\.1 400 /,
  );
  expect(heard.join("")).toBe("");
});

test("of two requests on one connection one goes out, whatever the other's Host is", async () => {
  for (const other of ["PLACE", "evil.example"]) {
    const { gate, heard, get } = await start();
    const second = request("GET /second", `Host: ${other.replace("PLACE", gate.place)}`, key);
    await speak(gate, get(key) + second);
    expect(heard).toHaveLength(1);
    expect(heard[0]).not.toContain("second");
    expect(heard[0]!.split(secret)).toHaveLength(2);
  }
});

test("of what follows a body nothing goes out", async () => {
  const { gate, heard } = await start();
  const chunked = request("POST /", `Host: ${gate.place}`, key, "Transfer-Encoding: chunked");
  const smuggled = request("GET /smuggled", "Host: evil.example", key);
  await speak(gate, [chunked, `4\r\nbody\r\n0\r\n\r\n${smuggled}`]);
  expect(heard[0]).toMatch(/\r\n\r\n4\r\nbody\r\n0\r\n\r\n$/);
});

test("HTTP/2 is not agreed on", async () => {
  const { gate, heard } = await start();
  await expect(speak(gate, "", { ALPNProtocols: ["h2"] })).rejects.toMatchObject({
    code: expect.stringMatching(/ALERT_NO_APPLICATION_PROTOCOL|ECONNRESET/),
  });
  expect(heard.join("")).toBe("");
});

test("a name in TLS that is not the host's is refused before anything is ended", async () => {
  const { gate, heard, get } = await start();
  await expect(speak(gate, get(key), { servername: "evil.example" })).rejects.toMatchObject({
    code: expect.stringMatching(/UNRECOGNIZED_NAME/),
  });
  expect(heard).toEqual([]);
});

test("plain text in the tunnel is refused", async () => {
  const { gate, get, heard } = await start();
  const { socket, closed } = connectTo(gate.port);
  socket.write(connectHead(gate.place) + get(key));
  expect(await closed).toMatch(/\r\n\r\nHTTP\/1\.1 403 /);
  expect(heard.join("")).toBe("");
});

test.each([
  ["has run out", issueExpired, /CERT_HAS_EXPIRED/],
  [
    "is somebody else's",
    () => ({ ...issueBy("a stranger"), trusted: own().trusted }),
    /UNABLE_TO_VERIFY|SELF_SIGNED|ISSUER/,
  ],
  ["is for another name", () => issueBy("another", "evil.example"), /ALTNAME/],
])("a host whose certificate %s gets no request", async (_, issue, code) => {
  const given = issue();
  const upstream = await startHost(given.shown);
  const gate = await startBound(upstream.port, given.trusted);
  const said = request("GET /", `Host: ${gate.place}`, key);
  const answer = await speak(gate, said);
  expect(answer).toMatch(/^HTTP\/1\.1 502 /);
  expect(answer).toMatch(code);
  expect(upstream.heard.join("")).toBe("");
  await gate.untilTold(1);
  expect(gate.attempts).toMatchObject([{ verdict: "refused", credentials: [] }]);
});

test("what the host says of the secret does not reach the program", async () => {
  const encoded = Buffer.from(`user:${secret}`).toString("base64");
  const parts = [
    `HTTP/1.1 200 OK\r\nx-echo: ${secret}\r\nx-basic: ${encoded}\r\n\r\n`,
    `before ${secret} and ${secret.slice(0, 9)}`,
    `${secret.slice(9)} and ${secret.slice(0, 12)}`,
  ];
  const { gate, get } = await start(() => parts);
  const asked = get(
    key,
    `Authorization: Basic ${Buffer.from(`user:${placeholder}`).toString("base64")}`,
  );
  const answer = await speak(gate, asked);
  const stars = "*".repeat(secret.length);
  expect(answer).not.toContain(secret);
  expect(answer).not.toContain(encoded);
  expect(answer).toContain(`x-echo: ${stars}\r\n`);
  // What only begins like it is let through in the end, and nothing is longer or shorter.
  expect(answer.endsWith(`before ${stars} and ${stars} and ${secret.slice(0, 12)}`)).toBe(true);
  expect(answer).toHaveLength(parts.join("").length);
});

test("what the host says of it unasked does not, either", async () => {
  const { gate, get } = await start(() => [`HTTP/1.1 200 OK\r\n\r\nyour token is ${secret}`]);
  expect(await speak(gate, get())).toMatch(/your token is \*+$/);
});

test.each(["TRACE", "CONNECT"])(
  "a host with credentials is asked nothing by %s",
  async (method) => {
    const { gate, heard } = await start();
    const said = request(`${method} /`, `Host: ${gate.place}`, key);
    expect(await speak(gate, said)).toMatch(/^HTTP\/1\.1 403 /);
    expect(heard.join("")).toBe("");
  },
);

test("an answer comes unpacked, as packed ones cannot be looked through", async () => {
  const { gate, heard, get } = await start();
  await speak(gate, get(key, "Accept-Encoding: gzip, br"));
  expect(heard[0]).toMatch(/\r\nAccept-Encoding: identity\r\n/);
  expect(heard[0]).not.toMatch(/gzip/);
});

const upgrade = ["Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x"];
test("WebSocket goes on once the host agrees", async () => {
  const { gate, heard, get } = await start(() => [
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    `hello ${secret}`,
  ]);
  const { socket, until } = connectTo(gate.port);
  socket.write(connectHead(gate.place));
  await until("\r\n\r\n");
  const packed = "Sec-WebSocket-Extensions: permessage-deflate";
  const spoken = speakThrough(socket, [get(key, packed, ...upgrade), "frames of it"], {
    ca: gate.egress.authority!,
  });
  await expect.poll(() => heard[0]).toMatch(/frames of it$/);
  expect(heard[0]).toContain(`X-Api-Key: ${secret}\r\n`);
  expect(heard[0]).toContain("Upgrade: websocket\r\nConnection: Upgrade\r\n\r\nframes");
  // In packed frames nobody would find the secret.
  expect(heard[0]).not.toContain("deflate");
  await gate.egress.close();
  expect(await spoken).toMatch(/ 101 .*hello \*+$/s);
});

test("a host that stays with HTTP hears nothing behind a request for WebSocket", async () => {
  const { gate, heard, get } = await start();
  const smuggled = request("GET /smuggled", "Host: evil.example", key);
  expect(await speak(gate, [get(key, ...upgrade), smuggled])).toMatch(/^HTTP\/1\.1 200 /);
  expect(heard[0]).not.toContain("smuggled");
});

test.each(["with\r\nX-Evil: 1", "with\0zero", "wïth more", ""])(
  "a secret that no header takes starts nothing, and is not told: %j",
  async (value) => {
    const wrong = {
      name: "API_TOKEN",
      place: `${host}:1`,
      placeholder,
      secret: new SecretValue(value),
    };
    const started = startBound(1, own().trusted, { credentials: [wrong] });
    await expect(started).rejects.toMatchObject({
      code: "sandbox_failed",
      message: "The secret of API_TOKEN is not printable ASCII, so it cannot be sent in a header.",
    });
  },
);

test("who begins TLS and says no more is closed in time", async () => {
  const { gate, heard } = await start();
  const { socket, until, closed } = connectTo(gate.port);
  socket.write(connectHead(gate.place));
  await until("\r\n\r\n");
  const spoken = speakThrough(socket, "GET / HTTP/1.1\r\n", { ca: gate.egress.authority! });
  await new Promise((resolve) => setTimeout(resolve, 100));
  gate.clock.advance(10_000);
  expect(await spoken).toMatch(/^HTTP\/1\.1 408 /);
  await closed;
  expect(heard.join("")).toBe("");
});
