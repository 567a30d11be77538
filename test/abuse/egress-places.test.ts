import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  connectHead,
  connectTo,
  send,
  socksRequest,
  startGate,
  startUpstream,
} from "./egress-under-test.ts";

const request = (place: string) => `GET http://${place}/ HTTP/1.1\r\nHost: ${place}\r\n\r\n`;

/** Every way to write an address: loopback, metadata, mapped and translated ones. */
const literals = [
  "127.0.0.1",
  "127.1",
  "127.0.0.1.",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "0177.0.0.1",
  "017700000001",
  "127.0.0.0x1",
  "169.254.169.254",
  "2852039166",
  "0xa9fea9fe",
  "8.8.8.8",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:a9fe:a9fe]",
  "[64:ff9b::a9fe:a9fe]",
  "[fe80::1%25eth0]",
  "[fd00:ec2::254]",
  "::1",
];

test.each(literals)("nobody reaches the address %s, however a proxy is asked", async (literal) => {
  const upstream = await startUpstream();
  const { port } = upstream;
  const gate = await startGate({ rules: [`*.example.com:${port}`, `http://localhost:${port}`] });
  const answers = await Promise.all([
    send(gate.port, connectHead(`${literal}:${port}`)),
    send(gate.port, request(`${literal}:${port}`)),
    send(gate.port, socksRequest(literal, port)),
  ]);
  expect(answers[0]).toMatch(/^HTTP\/1\.1 40[03] /);
  expect(answers[1]).toMatch(/^HTTP\/1\.1 40[03] /);
  expect(["\u0005\0\u0005\u0001", "\u0005\0\u0005\u0002"]).toContain(answers[2].slice(0, 4));
  expect(gate.egress.log()).toMatchObject({ attempts: 3, refused: 3 });
  expect([gate.resolved, upstream.received]).toEqual([[], []]);
});

test("a SOCKS request for bytes of an address is refused by the rules, and the log says which", async () => {
  const gate = await startGate({ rules: ["*.example.com:443"] });
  const metadata = await send(gate.port, socksRequest([169, 254, 169, 254], 80));
  const mapped = [...Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1];
  expect(metadata).toBe("\u0005\0\u0005\u0002\0\u0001\0\0\0\0\0\0");
  expect(await send(gate.port, socksRequest(mapped, 80))).toBe(metadata);
  const reason = "addresses are not allowed, only names";
  expect(gate.attempts).toMatchObject([
    { host: "169.254.169.254", port: 80, protocol: "socks5", verdict: "refused", reason },
    { host: "127.0.0.1", port: 80, protocol: "socks5", verdict: "refused", reason },
  ]);
});

test.each([
  "169.254.169.254",
  "100.100.100.200",
  "fd00:ec2::254",
  "::ffff:169.254.169.254",
  "64:ff9b::a9fe:a9fe",
  "2002:a9fe:a9fe::1",
  "0.0.0.0",
  "fe80::1",
])(
  "a name of the rules that stands for %s is refused, also where private is allowed",
  async (at) => {
    const gate = await startGate({
      rules: ["metadata.example.com:80", "http://metadata.example.com:80"],
      names: { "metadata.example.com": [at] },
    });
    const answer = await send(gate.port, connectHead("metadata.example.com:80"));
    expect(answer).toMatch(/^HTTP\/1\.1 403 .*is at a forbidden address\n$/s);
    expect(await send(gate.port, request("metadata.example.com"))).toMatch(/^HTTP\/1\.1 403 /);
  },
);

test.each(["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])(
  "a name of the rules that stands for %s is refused where private is not allowed",
  async (at) => {
    const upstream = await startUpstream();
    const place = `inside.example.com:${upstream.port}`;
    const names = { "inside.example.com": [at] };
    const gate = await startGate({ rules: [`http://${place}`], private: false, names });
    expect(await send(gate.port, request(place))).toMatch(/403 .*at a private address\n$/s);
    expect(upstream.received).toEqual([]);
  },
);

test("one bad address among good ones refuses them all", async () => {
  const upstream = await startUpstream();
  const place = `mixed.example.com:${upstream.port}`;
  for (const addresses of [
    ["127.0.0.1", "169.254.169.254"],
    ["169.254.169.254", "127.0.0.1"],
    ["127.0.0.1", "fe80::1"],
    ["127.0.0.1", "not an address"],
  ]) {
    const gate = await startGate({ rules: [`http://${place}`], resolve: async () => addresses });
    expect(await send(gate.port, request(place))).toMatch(/^HTTP\/1\.1 403 /);
  }
  expect(upstream.received).toEqual([]);
});

test("a name that answers differently each time is asked once a connection, and what was judged is dialled", async () => {
  const upstream = await startUpstream();
  const place = `rebound.example.com:${upstream.port}`;
  const answers = [["127.0.0.1"], ["169.254.169.254"]];
  const gate = await startGate({
    rules: [`http://${place}`],
    resolve: async () => answers.shift()!,
  });
  expect(await send(gate.port, request(place))).toMatch(/^HTTP\/1\.1 200 /);
  expect(gate.resolved).toEqual(["rebound.example.com"]);
  expect(await send(gate.port, request(place))).toMatch(/^HTTP\/1\.1 403 /);
  expect(upstream.received).toHaveLength(1);
});

test("nothing asks DNS for a name that no rule allows", async () => {
  const gate = await startGate({ rules: ["api.example.com:443", "*.example.org:443"] });
  const wanted = [
    "secret.attacker.example:443",
    "api.example.com:80",
    "x.api.example.com:443",
    "api.example.com.attacker.example:443",
    "example.org:443",
    "badexample.org:443",
    "localhost:443",
  ];
  for (const place of wanted) {
    expect(await send(gate.port, connectHead(place))).toMatch(/403 .*no egress rule allows/s);
  }
  expect(gate.resolved).toEqual([]);
  expect(gate.attempts.map(({ host, port }) => `${host}:${port}`)).toEqual(wanted);
});

test("a name is one name in every spelling", async () => {
  const upstream = await startUpstream();
  const gate = await startGate({ rules: [`http://api.example.com:${upstream.port}`] });
  const spelled = request(`API.Example.COM.:${upstream.port}`);
  expect(await send(gate.port, spelled)).toMatch(/^HTTP\/1\.1 200 /);
  expect(upstream.received[0]).toContain(`\r\nHost: api.example.com:${upstream.port}\r\n`);
  expect(gate.resolved).toEqual(["api.example.com"]);
});

test("another sandbox's listener cannot be named, and is at a private address all the same", async () => {
  const other = await startGate({ rules: ["*.example.com:443"] });
  const gate = await startGate({
    rules: [`api.example.com:443`, `*.example.com:${other.port}`],
    private: false,
  });
  for (const name of ["localhost", "127.0.0.1", "anything.example.com"]) {
    expect(await send(gate.port, connectHead(`${name}:${other.port}`))).toMatch(/^HTTP\/1\.1 403 /);
  }
  expect(other.egress.log().attempts).toBe(0);
});

test("a redirect leads nowhere that the rules do not allow", async () => {
  const server = createServer((_incoming, outgoing) =>
    outgoing.writeHead(307, { location: "http://metadata.example.com/latest" }).end(),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const names = { "metadata.example.com": ["169.254.169.254"] };
  const gate = await startGate({ rules: [`http://api.example.com:${port}`], names });
  const answer = await send(gate.port, request(`api.example.com:${port}`));
  const [, location] = /location: http:\/\/([^/]+)\//i.exec(answer)!;
  expect(await send(gate.port, request(location!))).toMatch(/403 .*no egress rule allows/s);
  expect(gate.attempts.map(({ verdict }) => verdict)).toEqual(["allowed", "refused"]);
});

test.each([
  ["userinfo", "user@api.example.com:443"],
  ["a password", "user:password@api.example.com:443"],
  ["userinfo that looks like the host", "api.example.com:443@evil.example:443"],
  ["a space", "api.example.com :443"],
  ["a tab", "api.example.com\t:443"],
  ["NUL", "api.example.com\0.evil.example:443"],
  ["a line break", "api.example.com\n.evil.example:443"],
  ["an escape", "api.example.com%00.evil.example:443"],
  ["a wide dot", "api\u3002example.com:443"],
  ["no port", "api.example.com"],
  ["an empty port", "api.example.com:"],
  ["port 0", "api.example.com:0"],
  ["a port beyond the last", "api.example.com:65979"],
  ["a signed port", "api.example.com:+443"],
  ["two ports", "api.example.com:443:443"],
  ["a path", "api.example.com:443/x"],
  ["a scheme", "https://api.example.com:443"],
  ["no host", ":443"],
  ["two dots at the end", "api.example.com..:443"],
  ["a dot alone", ".:443"],
  ["the wildcard itself", "*.example.com:443"],
])("CONNECT to a place with %s is refused", async (_what, place) => {
  const gate = await startGate({ rules: ["api.example.com:443", "*.example.com:443"] });
  const answer = await send(
    gate.port,
    Buffer.from(`CONNECT ${place} HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n`),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(gate.resolved).toEqual([]);
  expect(gate.attempts).toMatchObject([{ verdict: "refused", host: null }]);
});

test("what asks for nothing and goes is one line of the log", async () => {
  const gate = await startGate({ rules: [] });
  const program = connectTo(gate.port);
  program.socket.end();
  await program.closed;
  await gate.untilTold(1);
  expect(gate.attempts).toMatchObject([
    { host: null, protocol: null, verdict: "refused", reason: "nothing was asked" },
  ]);
});
