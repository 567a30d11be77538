import { expect, test } from "vitest";
import {
  connectHead,
  connectTo,
  send,
  socksRequest,
  startGate,
  startUpstream,
} from "./egress-under-test.ts";

const host = "api.example.com";

async function startBoth(methods = "", answer?: string | null) {
  const upstream = await startUpstream(answer);
  const place = `${host}:${upstream.port}`;
  const gate = await startGate({ rules: [`${methods}http://${place}`, `${place}`] });
  return { upstream, place, gate };
}

/** `@` stands for the place. Each is read in two ways by somebody, or hides a second request. */
const smuggled: readonly (readonly [string, string])[] = [
  [
    "both lengths",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "both lengths, the other way round",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
  ],
  [
    "two lengths",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
  ],
  [
    "the same length twice",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
  ],
  ["a list of lengths", "POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 1, 1\r\n\r\na"],
  ["a signed length", "POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: +1\r\n\r\na"],
  ["a length in hex", "POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 0x1\r\n\r\na"],
  ["an empty length", "POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length:\r\n\r\na"],
  [
    "an unknown coding",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "two codings",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "a coding twice",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
  ],
  [
    "a coding after a vertical tab",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "a coding in HTTP/1.0",
    "POST http://@/ HTTP/1.0\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "a space before the colon",
    "POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length : 5\r\n\r\nabcde",
  ],
  ["a folded line", "GET http://@/ HTTP/1.1\r\nHost: @\r\nX: a\r\n Host: evil.example\r\n\r\n"],
  ["a folded line by a tab", "GET http://@/ HTTP/1.1\r\nHost: @\r\nX: a\r\n\tb\r\n\r\n"],
  ["a bare LF", "GET http://@/ HTTP/1.1\nHost: @\n\n"],
  ["a bare LF in the head", "GET http://@/ HTTP/1.1\r\nHost: @\nX: a\r\n\r\n"],
  ["a bare LF at the end", "GET http://@/ HTTP/1.1\r\nHost: @\r\n\n"],
  ["a bare CR in a value", "GET http://@/ HTTP/1.1\r\nHost: @\r\nX: a\rHost: evil.example\r\n\r\n"],
  ["NUL in a value", "GET http://@/ HTTP/1.1\r\nHost: @\r\nX: a\0b\r\n\r\n"],
  ["NUL in a name", "GET http://@/ HTTP/1.1\r\nHost: @\r\nX\0: a\r\n\r\n"],
  ["a field without a name", "GET http://@/ HTTP/1.1\r\nHost: @\r\n: a\r\n\r\n"],
  ["a field without a colon", "GET http://@/ HTTP/1.1\r\nHost: @\r\nX\r\n\r\n"],
  ["two Hosts", "GET http://@/ HTTP/1.1\r\nHost: @\r\nHost: @\r\n\r\n"],
  ["two Hosts, one of another", "GET http://@/ HTTP/1.1\r\nHost: @\r\nhost: evil.example\r\n\r\n"],
  ["no Host", "GET http://@/ HTTP/1.1\r\nX: a\r\n\r\n"],
  ["another Host", "GET http://@/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"],
  ["another port in the Host", "GET http://@/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n"],
  ["userinfo", "GET http://user:password@@/ HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["a backslash", "GET http://evil.example\\@@/ HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["a fragment", "GET http://@/#x HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["a path alone", "GET / HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["https in plain text", "GET https://@/ HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["another scheme", "GET ftp://@/ HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["two spaces", "GET  http://@/ HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["a tab in the first line", "GET\thttp://@/ HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["a space in the path", "GET http://@/a b HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["HTTP/0.9", "GET http://@/\r\n\r\n"],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a version of its own", "GET http://@/ HTTP/1.10\r\nHost: @\r\n\r\n"],
  ["an empty line first", "\r\nGET http://@/ HTTP/1.1\r\nHost: @\r\n\r\n"],
  ["a letter outside ASCII in the path", "GET http://@/\xe9 HTTP/1.1\r\nHost: @\r\n\r\n"],
];

test.each(smuggled)(
  "a request with %s is refused, and nothing of it goes out",
  async (_what, text) => {
    const { upstream, place, gate } = await startBoth();
    const answer = await send(gate.port, text.replaceAll(/@(?=[/\r]|$)/g, place));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(gate.attempts).toMatchObject([{ verdict: "refused", bytesUp: 0 }]);
    expect(upstream.received).toEqual([]);
  },
);

test("a request goes out as it was parsed: without what is between the program and the gate", async () => {
  const { upstream, place, gate } = await startBoth();
  const fields = [
    `hOsT: ${place}`,
    "Proxy-Connection: keep-alive",
    "Proxy-Authorization: Basic c2VjcmV0",
    "Connection: Upgrade, X-Kept",
    "Upgrade: websocket",
    "X-Kept: a  b",
    "Content-Length: 5",
  ];
  const head = `POST HTTP://${host.toUpperCase()}:${upstream.port}?q=1 HTTP/1.1`;
  const answer = await send(gate.port, `${[head, ...fields].join("\r\n")}\r\n\r\nhello`);
  expect(answer).toBe("HTTP/1.1 200 OK\r\n\r\nhello");
  expect(upstream.received).toEqual([
    `POST /?q=1 HTTP/1.1\r\nHost: ${place}\r\nX-Kept: a  b\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello`,
  ]);
  expect(gate.attempts).toMatchObject([
    { host, port: upstream.port, protocol: "http", method: "POST", verdict: "allowed" },
  ]);
});

const second = `DELETE /all HTTP/1.1\r\nHost: evil.example\r\n\r\n`;
test.each([
  ["no body", "", "", second],
  ["a length", "Content-Length: 5\r\n", "hello", second],
  ["chunks", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n", second],
])("a second request behind one with %s never goes out", async (_what, fields, body, more) => {
  const { upstream, place, gate } = await startBoth("", null);
  const head = `POST http://${place}/ HTTP/1.1\r\nHost: ${place}\r\n${fields}\r\n`;
  const { socket, closed } = connectTo(gate.port);
  // Byte by byte, so that no boundary of what is read is where a body ends.
  for (const byte of Buffer.from(head + body + more)) socket.write(Buffer.from([byte]));
  socket.end();
  await closed;
  expect(upstream.received).toHaveLength(1);
  expect(upstream.received[0]!.endsWith(`\r\n\r\n${body}`)).toBe(true);
});

test.each([
  ["an extension", "5;x=y\r\nhello\r\n0\r\n\r\n"],
  ["a bare LF", "5\nhello\n0\n\n"],
  ["a sign", "+5\r\nhello\r\n0\r\n\r\n"],
  ["a size beyond measure", "fffffffff\r\n"],
  ["an endless size", "0".repeat(5_000)],
  ["no size", "\r\nhello"],
  ["more bytes than it says", "4\r\nhello\r\n0\r\n\r\n"],
  ["trailers", "0\r\nHost: evil.example\r\n\r\n"],
])("chunks with %s end the connection", async (_what, body) => {
  const { upstream, place, gate } = await startBoth("", null);
  const head = `POST http://${place}/ HTTP/1.1\r\nHost: ${place}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  await send(gate.port, head + body);
  expect(gate.attempts).toMatchObject([{ reason: "a chunk of the body is not well formed" }]);
  expect(upstream.received.join("")).not.toContain("evil.example");
});

test("a rule for methods holds for a URL, and for a request inside a tunnel", async () => {
  const { upstream, place, gate } = await startBoth("GET,HEAD ");
  const inside = (method: string) => `${method} /x HTTP/1.1\r\nHost: ${place}\r\n\r\n`;
  const outside = (method: string) => inside(method).replace("/x", `http://${place}/x`);
  expect(await send(gate.port, outside("GET"))).toMatch(/^HTTP\/1\.1 200 /);
  expect(await send(gate.port, outside("POST"))).toMatch(/403 .*no egress rule allows POST in/s);
  expect(await send(gate.port, outside("get"))).toMatch(/^HTTP\/1\.1 403 /);
  expect(await send(gate.port, connectHead(place) + inside("GET"))).toMatch(/hello$/);
  const refused = await send(gate.port, connectHead(place) + inside("DELETE"));
  expect(refused).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nHTTP\/1\.1 403 /s);
  expect(await send(gate.port, connectHead(place) + outside("GET"))).toMatch(/HTTP\/1\.1 400 /);
  expect(await send(gate.port, connectHead(place) + connectHead(place))).toMatch(/1\.1 400 /);
  const elsewhere = inside("GET").replace(`Host: ${place}`, "Host: evil.example");
  expect(await send(gate.port, connectHead(place) + elsewhere)).toMatch(/HTTP\/1\.1 400 /);
  expect(upstream.received.filter((text) => text !== "")).toHaveLength(2);
  const methods = ["GET", "POST", "get", "GET", "DELETE", null, null, "GET"];
  expect(gate.attempts.map(({ method }) => method)).toEqual(methods);
});

test("a body that comes with its head goes out whole, however much more than a head it is", async () => {
  const upstream = await startUpstream();
  const place = `${host}:${upstream.port}`;
  const gate = await startGate({ rules: [`http://${place}`], limits: { headBytes: 300 } });
  const head = `POST http://${place}/ HTTP/1.1\r\nHost: ${place}\r\nContent-Length: 5000\r\n\r\n`;
  const body = Array.from({ length: 1_000 }, (_, at) => String(at).padStart(5, "0")).join("");
  expect(await send(gate.port, head + body)).toMatch(/hello$/);
  expect(upstream.received[0]!.endsWith(`\r\n\r\n${body}`)).toBe(true);
});

test("each head has the bound to itself", async () => {
  const upstream = await startUpstream();
  const place = `${host}:${upstream.port}`;
  const gate = await startGate({ rules: [`http://${place}`], limits: { headBytes: 300 } });
  const padded = `X: ${"a".repeat(180)}\r\n\r\n`;
  const outer = connectHead(place).replace(/\r\n$/, padded);
  const inner = `GET / HTTP/1.1\r\nHost: ${place}\r\n${padded}`;
  expect(await send(gate.port, outer + inner)).toMatch(/hello$/);
});

test("a tunnel whose Host is another, or that has a body, is refused", async () => {
  const { upstream, place, gate } = await startBoth();
  for (const fields of ["Host: evil.example:443", `Host: ${place}\r\nContent-Length: 5`]) {
    const answer = await send(gate.port, `CONNECT ${place} HTTP/1.1\r\n${fields}\r\n\r\nhello`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  }
  expect(upstream.received).toEqual([]);
  const nested = `CONNECT /x HTTP/1.1\r\nHost: ${place}\r\n\r\n`;
  expect(await send(gate.port, connectHead(place) + nested)).toMatch(/HTTP\/1\.1 403 /);
  expect(upstream.received).toEqual([""]);
});

test("SOCKS5 reaches a name of the rules, and is judged inside as a tunnel is", async () => {
  const { upstream, place, gate } = await startBoth("GET ");
  const request = `GET /x HTTP/1.1\r\nHost: ${place}\r\n\r\n`;
  const start = socksRequest(host, upstream.port);
  const welcome = "\u0005\0\u0005\0\0\u0001\0\0\0\0\0\0";
  const answer = await send(gate.port, Buffer.concat([start, Buffer.from(request)]));
  expect(answer).toBe(`${welcome}HTTP/1.1 200 OK\r\n\r\nhello`);
  const post = Buffer.from(request.replace("GET", "POST"));
  expect(await send(gate.port, Buffer.concat([start, post]))).toMatch(/HTTP\/1\.1 403 /);
  expect(gate.attempts).toMatchObject([
    { host, protocol: "socks5", method: "GET", verdict: "allowed" },
    { host, protocol: "socks5", method: "POST", verdict: "refused" },
  ]);
});

test.each([
  ["another name", socksRequest("evil.example", 443), "\u0005\0\u0005\u0002"],
  ["a name with NUL", socksRequest("api.example.com\0.evil.example", 443), "\u0005\0\u0005\u0001"],
  ["an empty name", socksRequest("", 443), "\u0005\0\u0005\u0001"],
  ["port 0", socksRequest(host, 0), "\u0005\0\u0005\u0001"],
  ["a listener", Buffer.from([5, 1, 0, 5, 2, 0, 1, 1, 1, 1, 1, 0, 80]), "\u0005\0\u0005\u0001"],
  ["datagrams", Buffer.from([5, 1, 0, 5, 3, 0, 1, 1, 1, 1, 1, 0, 80]), "\u0005\0\u0005\u0001"],
  [
    "an unknown kind",
    Buffer.from([5, 1, 0, 5, 1, 0, 9, 1, 1, 1, 1, 0, 80]),
    "\u0005\0\u0005\u0001",
  ],
  ["a password", Buffer.from([5, 1, 2]), "\u0005\u00ff"],
  ["no method", Buffer.from([5, 0]), "\u0005\u00ff"],
  ["SOCKS4", Buffer.from([4, 1, 0, 80, 1, 1, 1, 1, 0, 13, 10, 13, 10]), "HTTP/1.1 400 "],
])("SOCKS that asks for %s is refused", async (_what, bytes, start) => {
  const gate = await startGate({ rules: ["api.example.com:443"] });
  expect((await send(gate.port, bytes)).startsWith(start)).toBe(true);
  expect(gate.resolved).toEqual([]);
  expect(gate.egress.log()).toMatchObject({ attempts: 1, refused: 1 });
});
