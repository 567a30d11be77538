import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { classifyAddress } from "../../src/lib/address.ts";
import { createDialer, type Resolve } from "../../src/adapters/dialer/dialer.ts";

/** What an attacker names in place of a server: the host itself, its network, its metadata. */
test.each([
  ["127.0.0.1", "private"],
  ["127.255.255.254", "private"],
  ["10.0.0.1", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["172.32.0.1", "public"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "private"],
  ["198.18.0.1", "private"],
  ["0.0.0.0", "forbidden"],
  ["169.254.169.254", "forbidden"],
  ["169.254.170.2", "forbidden"],
  ["100.100.100.200", "forbidden"],
  ["192.0.0.192", "forbidden"],
  ["224.0.0.1", "forbidden"],
  ["255.255.255.255", "forbidden"],
  ["203.0.113.7", "forbidden"],
  ["8.8.8.8", "public"],
  ["::1", "private"],
  ["fd12:3456::1", "private"],
  ["::", "forbidden"],
  ["fe80::1", "forbidden"],
  ["fe80::1%eth0", "forbidden"],
  ["fd00:ec2::254", "forbidden"],
  ["ff02::1", "forbidden"],
  ["2606:4700:4700::1111", "public"],
  // An address inside of an address is judged, too.
  ["::ffff:127.0.0.1", "private"],
  ["::ffff:a9fe:a9fe", "forbidden"],
  ["::127.0.0.1", "private"],
  ["::ffff:0:10.0.0.1", "private"],
  ["64:ff9b::a9fe:a9fe", "forbidden"],
  ["64:ff9b::10.0.0.1", "private"],
  ["64:ff9b:1::7f00:1", "private"],
  ["2002:7f00:1::", "private"],
  ["2002:a9fe:a9fe::1", "forbidden"],
  ["2001:0:4136:e378:8000:63bf:80ff:fffe", "private"],
  ["localhost", "forbidden"],
  ["0x7f.1", "forbidden"],
] as const)("%s is %s", (address, kind) => {
  expect(classifyAddress(address)).toBe(kind);
});

async function startTarget() {
  const paths: string[] = [];
  const server = createServer((incoming, outgoing) => {
    paths.push(incoming.url ?? "");
    if (incoming.url === "/away")
      return void outgoing.writeHead(307, { location: "http://169.254.169.254/latest" }).end();
    outgoing.end("inside");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, paths };
}

async function get(
  url: string,
  { isPrivate = false, resolve }: { isPrivate?: boolean; resolve?: Resolve },
) {
  const dialer = createDialer(resolve === undefined ? {} : { resolve });
  const origin = dialer.open({ url, private: isPrivate, tls: null, connections: 1 });
  try {
    const answer = await origin.request({
      method: "GET",
      path: new URL(url).pathname,
      headers: {},
      body: null,
      signal: new AbortController().signal,
    });
    return { status: answer.status, text: await answer.text(1_000) };
  } finally {
    await origin.close();
  }
}

/** Every way to write the loopback address in a URL. */
test.each([
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0177.0.0.1",
  "127.0.0.1.",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "localhost",
  "LOCALHOST",
])("http://%s/ is not reached unless configuration says private", async (host) => {
  const { port, paths } = await startTarget();
  await expect(get(`http://${host}:${port}/`, {})).rejects.toMatchObject({
    code: "address_refused",
  });
  expect(paths).toEqual([]);
});

test("configuration can allow what is private, and never what is link-local", async () => {
  const { port } = await startTarget();
  const loopback = await get(`http://127.0.0.1:${port}/`, { isPrivate: true });
  expect(loopback).toEqual({ status: 200, text: "inside" });
  for (const host of ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0"]) {
    await expect(get(`http://${host}/`, { isPrivate: true })).rejects.toMatchObject({
      code: "address_refused",
    });
  }
});

test("a name that answers differently the second time is asked once, and the judged address is dialled", async () => {
  const { port, paths } = await startTarget();
  const answers = [["127.0.0.1"], ["169.254.169.254"]];
  let asked = 0;
  const resolve: Resolve = async () => answers[Math.min(asked++, answers.length - 1)]!;
  const answer = await get(`http://rebound.example:${port}/`, { isPrivate: true, resolve });
  expect(answer.text).toBe("inside");
  expect([asked, paths]).toEqual([1, ["/"]]);
  // The next connection asks again, and is judged again.
  const again = get(`http://rebound.example:${port}/`, { isPrivate: true, resolve });
  await expect(again).rejects.toMatchObject({ code: "address_refused" });
});

test("one bad address among good ones refuses them all", async () => {
  const { port, paths } = await startTarget();
  for (const addresses of [
    ["203.0.114.1", "127.0.0.1"],
    ["127.0.0.1", "203.0.114.1"],
    ["2606:4700:4700::1111", "fe80::1"],
  ]) {
    const resolve: Resolve = async () => addresses;
    await expect(get(`http://mixed.example:${port}/`, { resolve })).rejects.toMatchObject({
      code: "address_refused",
    });
  }
  expect(paths).toEqual([]);
});

test("a name without an address cannot be reached, and says so as such", async () => {
  const none: Resolve = async () => [];
  await expect(get("http://none.example/", { resolve: none })).rejects.toMatchObject({
    code: "upstream_unreachable",
  });
});

test("a redirect is an answer like any other: nobody follows it", async () => {
  const { port, paths } = await startTarget();
  const answer = await get(`http://127.0.0.1:${port}/away`, { isPrivate: true });
  expect(answer.status).toBe(307);
  expect(paths).toEqual(["/away"]);
});
