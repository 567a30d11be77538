import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request, type RequestOptions } from "node:https";
import path from "node:path";
import { connect, type ConnectionOptions } from "node:tls";
import { expect, test, vi } from "vitest";
import { createAuthority, type Issued } from "../abuse/certificates.ts";
import { createHome } from "./home.ts";

vi.setConfig({ testTimeout: 60_000 });

interface Answer {
  readonly status: number;
  readonly body: string;
}

const body = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "server/discover",
  params: {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  },
});

function post(url: string, options: RequestOptions): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(`${url}/mcp`, {
    method: "POST",
    agent: false,
    servername: "gate.test",
    ...options,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "server/discover",
      ...(options.headers as Record<string, string> | undefined),
    },
  });
  sent.on("error", reject);
  sent.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () =>
      resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString() }),
    );
  });
  sent.end(body);
  return promise;
}

const read = (issued: Issued) => ({
  cert: readFileSync(issued.certificate),
  key: readFileSync(issued.key),
});

test("a client certificate of the right authority stands for its caller, and no other does", async () => {
  const [ours, theirs] = [createAuthority("ours"), createAuthority("theirs")];
  const home = createHome();
  const place = (name: string): string => path.join(home.directory, name);
  const serve = (issued: Issued): void => {
    copyFileSync(issued.certificate, place("gate.pem"));
    copyFileSync(issued.key, place("gate.key"));
  };
  serve(ours.issue("gate.test"));
  copyFileSync(ours.certificate, place("clients.pem"));
  writeFileSync(
    place("countersign.yaml"),
    `version: 1
listen: "127.0.0.1:0"
tls:
  certificate: file://gate.pem
  key: file://gate.key
  clients: file://clients.pem
auth:
  callers:
    agent:
      certificate: DNS:agent.test
      roles: [ops]
`,
  );
  const up = await home.up();
  expect(up.url).toMatch(/^https:/);
  const ca = readFileSync(ours.certificate);

  const agent = ours.issue("agent.test");
  expect(await post(up.url, { ca, ...read(agent) })).toMatchObject({ status: 200 });
  // Nobody, somebody else of the same authority, the right name of another authority.
  expect(await post(up.url, { ca })).toMatchObject({ status: 401 });
  expect(await post(up.url, { ca, ...read(ours.issue("other.test")) })).toMatchObject({
    status: 401,
  });
  expect(await post(up.url, { ca, ...read(theirs.issue("agent.test")) })).toMatchObject({
    status: 401,
  });
  // A bearer counts alone: a wrong one is not made good by the certificate beside it.
  const headers = { authorization: "Bearer not-a-key" };
  expect(await post(up.url, { ca, ...read(agent), headers })).toMatchObject({ status: 401 });
  const caller = { authorization: `Bearer ${home.key("admin")}` };
  expect(await post(up.url, { ca, headers: caller })).toMatchObject({ status: 200 });

  // Whoever speaks plainly, or an old TLS, gets nothing.
  await expect(plain(up.url)).rejects.toThrow(/hang up|ECONNRESET|Parse Error/);
  await expect(
    handshake(up.url, { ca, maxVersion: "TLSv1.1", minVersion: "TLSv1" }),
  ).rejects.toThrow(/protocol|version|handshake|alert|EPROTO/i);

  // What is rotated is taken up without a restart; a broken file changes nothing.
  writeFileSync(place("gate.pem"), "not a certificate");
  const renewed = theirs.issue("gate.test");
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(await post(up.url, { ca, headers: caller })).toMatchObject({ status: 200 });
  serve(renewed);
  await vi.waitFor(
    async () =>
      expect(
        await post(up.url, { ca: readFileSync(theirs.certificate), headers: caller }),
      ).toMatchObject({ status: 200 }),
    { timeout: 15_000, interval: 300 },
  );
  up.kill("SIGTERM");
  await up.ended;
});

function plain(url: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = httpRequest(`${url.replace("https:", "http:")}/health`, { agent: false });
  sent.on("error", reject);
  sent.on("response", (response) => resolve(response.statusCode!));
  sent.end();
  return promise;
}

function handshake(url: string, options: ConnectionOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), servername: "gate.test", ...options }, () => {
    socket.destroy();
    resolve();
  });
  socket.on("error", reject);
  return promise;
}
