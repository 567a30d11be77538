import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createSecrets } from "../../src/adapters/secrets/secrets.ts";
import { toDialTls } from "../../src/main/dial-tls.ts";
import { serverSchema, type HttpServerConfig } from "../../src/model/config-servers.ts";
import { isOnPath } from "../../bin/bootstrap/system-packages.js";
import { createAuthority, type Authority, type Issued } from "./certificates.ts";

const systemPath = process.env["PATH"] ?? "";

async function startTls(authority: Authority, { certificate, key }: Issued) {
  const clients: string[] = [];
  const server = createServer(
    {
      cert: readFileSync(certificate),
      key: readFileSync(key),
      ca: readFileSync(authority.certificate),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (incoming, outgoing) => {
      const { subject } = (incoming.socket as TLSSocket).getPeerCertificate();
      clients.push(String(subject.CN));
      // Each request comes over a connection of its own.
      outgoing.writeHead(200, { connection: "close" }).end("inside");
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, clients };
}

/** As configuration says it: references to files, read anew for each connection. */
function open(url: string, tls: Record<string, string | undefined>) {
  const given = Object.fromEntries(
    Object.entries(tls).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, name === "serverName" ? value : `file://${value}`]],
    ),
  );
  const document = { transport: "http", url, private: true, tls: given };
  const config = serverSchema.parse(document) as HttpServerConfig;
  const secrets = createSecrets({ variables: {}, directory: "/" });
  const target = { url, private: true, tls: toDialTls(config, secrets), connections: 1 };
  const origin = createDialer().open(target);
  onTestFinished(() => origin.close());
  return async (): Promise<string> => {
    const answer = await origin.request({
      method: "GET",
      path: "/",
      headers: {},
      body: null,
      signal: new AbortController().signal,
    });
    return answer.text(1_000);
  };
}

test("TLS in both directions: who shows the wrong certificate, or none, is not spoken to", async (context) => {
  context.skip(!isOnPath("openssl", systemPath), "openssl is not installed");
  const [ours, others] = [createAuthority("ours"), createAuthority("others")];
  const { url, clients } = await startTls(ours, ours.issue("up.example"));
  const [client, stranger] = [ours.issue("gate"), others.issue("gate")];
  const authority = ours.certificate;
  const serverName = "up.example";
  const unreachable = { code: "upstream_unreachable" };

  expect(await open(url, { ...client, authority, serverName })()).toBe("inside");
  expect(clients).toEqual(["gate"]);
  // No certificate, and one of another authority.
  for (const own of [{}, stranger])
    await expect(open(url, { ...own, authority, serverName })()).rejects.toThrow(/./);
  // A server of another authority, or of another name, gets nothing from us.
  const wrongAuthority = { ...client, authority: others.certificate, serverName };
  await expect(open(url, wrongAuthority)()).rejects.toMatchObject(unreachable);
  const wrongName = { ...client, authority, serverName: "down.example" };
  await expect(open(url, wrongName)()).rejects.toMatchObject(unreachable);
  await expect(open(url, { ...client, authority })()).rejects.toMatchObject(unreachable);
  expect(clients).toEqual(["gate"]);
});

test("a certificate that is replaced on the disk is shown with the next connection", async (context) => {
  context.skip(!isOnPath("openssl", systemPath), "openssl is not installed");
  const ours = createAuthority("ours");
  const { url, clients } = await startTls(ours, ours.issue("up.example"));
  const directory = mkdtempSync(path.join(tmpdir(), "cs-tls-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [certificate, key] = [path.join(directory, "gate.pem"), path.join(directory, "gate.key")];
  const install = (issued: Issued): void => {
    copyFileSync(issued.certificate, certificate);
    copyFileSync(issued.key, key);
  };
  install(ours.issue("gate-one"));
  const get = open(url, {
    certificate,
    key,
    authority: ours.certificate,
    serverName: "up.example",
  });
  await get();
  install(ours.issue("gate-two"));
  await get();
  expect(clients).toEqual(["gate-one", "gate-two"]);
});

test("plaintext is refused where TLS is asked for", () => {
  expect(() => open("http://127.0.0.1:1/", { serverName: "up.example" })).toThrow(/plaintext/);
});
