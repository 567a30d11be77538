import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createAuthority } from "./certificates.ts";
import { createClientHello, encryptedHello, toRecords, type MadeHello } from "./client-hello.ts";
import { connectHead, connectTo, startGate, startUpstream } from "./egress-under-test.ts";

const alert = "\u0015\u0003\u0003\0\u0002\u0002p";

async function startTls() {
  const authority = createAuthority("egress");
  const { certificate, key } = authority.issue("api.example.com");
  const names: (string | false)[] = [];
  const server = createServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    (socket) => {
      names.push(socket.servername as string | false);
      socket.on("error", () => undefined);
      socket.once("data", (chunk) => void socket.end(`heard ${String(chunk)}`));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { port, names, authority: readFileSync(authority.certificate) };
}

test("TLS goes through untouched where its name is the one that was asked for", async () => {
  const upstream = await startTls();
  const place = `api.example.com:${upstream.port}`;
  const gate = await startGate({ rules: [place] });
  const { socket, until } = connectTo(gate.port);
  socket.write(connectHead(place));
  await until("\r\n\r\n");
  const options = { socket, servername: "api.example.com", ca: upstream.authority };
  const inside = connect(options);
  inside.write("hello");
  let text = "";
  for await (const chunk of inside) text += String(chunk);
  expect(text).toBe("heard hello");
  expect(upstream.names).toEqual(["api.example.com"]);
  await gate.untilTold(1);
  const [attempt] = gate.attempts;
  expect(attempt).toMatchObject({
    atMs: 1_000_000,
    host: "api.example.com",
    port: upstream.port,
    protocol: "connect",
    method: null,
    verdict: "allowed",
    reason: "ended",
    ms: 0,
  });
  expect(attempt!.bytesUp).toBeGreaterThan(200);
  expect(attempt!.bytesDown).toBeGreaterThan(200);
});

const sni = (...names: string[]): MadeHello => ({ names: names.map((name) => [0, name] as const) });

test.each([
  ["another name", sni("evil.example"), "the SNI is evil.example and not api.example.com"],
  ["a name below it", sni("x.api.example.com"), "the SNI is x.api.example.com and not"],
  ["no name", sni(), "has no SNI"],
  ["two names", sni("api.example.com", "evil.example"), "has two SNIs"],
  ["an address", sni("127.0.0.1"), "the SNI is 127.0.0.1 and not"],
  ["a name with NUL", sni("api.example.com\0.evil.example"), "not plain ASCII"],
  [
    "a hidden name (ECH)",
    { ...sni("api.example.com"), others: [[encryptedHello, Buffer.alloc(64)]] },
    "hides its name",
  ],
] satisfies [string, MadeHello, string][])(
  "TLS with %s in its first flight is refused, and the server hears nothing",
  async (_what, made, reason) => {
    const upstream = await startUpstream(null);
    const place = `api.example.com:${upstream.port}`;
    const gate = await startGate({ rules: [place] });
    const { socket, closed, until } = connectTo(gate.port);
    socket.write(connectHead(place));
    await until("\r\n\r\n");
    // Cut into single bytes, and into records: neither hides what it says.
    for (const byte of toRecords(createClientHello(made), 60)) socket.write(Buffer.from([byte]));
    expect(await closed).toMatch(new RegExp(`\r\n\r\n${alert}$`));
    expect(gate.attempts).toMatchObject([{ verdict: "refused", bytesUp: 0 }]);
    expect(gate.attempts[0]!.reason).toContain(reason);
    expect(upstream.received.join("")).toBe("");
  },
);

test("what is not TLS does not go where the rules say TLS, nor TLS where they say plain", async () => {
  const upstream = await startUpstream();
  const place = `api.example.com:${upstream.port}`;
  const gate = await startGate({ rules: [place] });
  const request = `GET / HTTP/1.1\r\nHost: ${place}\r\n\r\n`;
  const plain = connectTo(gate.port);
  plain.socket.write(connectHead(place) + request);
  expect(await plain.closed).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nHTTP\/1\.1 403 .*in plain text/s);
  const other = connectTo(gate.port);
  other.socket.write(`${connectHead(place)}SSH-2.0-client\r\n\r\n`);
  expect(await other.closed).toMatch(/\r\n\r\nHTTP\/1\.1 400 /);
  const reverse = await startGate({ rules: [`http://${place}`] });
  const tls = connectTo(reverse.port);
  tls.socket.write(connectHead(place));
  await tls.until("\r\n\r\n");
  tls.socket.write(toRecords(createClientHello(sni("api.example.com"))));
  expect(await tls.closed).toMatch(new RegExp(`\r\n\r\n${alert}$`));
  expect(upstream.received.join("")).toBe("");
});

test("a hello that never ends is refused at the bound", async () => {
  const upstream = await startUpstream(null);
  const place = `api.example.com:${upstream.port}`;
  const gate = await startGate({ rules: [place], limits: { headBytes: 1_000 } });
  const { socket, closed, until } = connectTo(gate.port);
  socket.write(connectHead(place));
  await until("\r\n\r\n");
  const huge = { ...sni("api.example.com"), others: [[21, Buffer.alloc(9_000)] as const] };
  socket.write(toRecords(createClientHello(huge)));
  await closed;
  expect(gate.attempts).toMatchObject([{ verdict: "refused", reason: "the head is too long" }]);
  expect(upstream.received.join("")).toBe("");
});
