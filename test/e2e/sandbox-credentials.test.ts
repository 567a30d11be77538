import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createAuthority } from "../abuse/certificates.ts";
import { createHome } from "./home.ts";

const secret = "canary/of+a=credential&4711";

async function startApi() {
  const authority = createAuthority("an api's own");
  const issued = authority.issue("localhost");
  const [cert, key] = [readFileSync(issued.certificate), readFileSync(issued.key)];
  const heard: unknown[] = [];
  const api = createServer({ cert, key }, (request, response) => {
    heard.push(request.headers.authorization);
    response.setHeader("x-echo", request.headers.authorization ?? "");
    response.end(`heard ${request.headers.authorization}`);
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void api.close());
  const place = `localhost:${(api.address() as AddressInfo).port}`;
  return { authority: authority.certificate, heard, place };
}

test("I9: a program uses a secret that neither it nor any log, answer or receipt has", async () => {
  const { authority, heard, place } = await startApi();
  const home = createHome();
  home.environment["NODE_EXTRA_CA_CERTS"] = authority;
  home.environment["API_SECRET"] = secret;
  const program = path.join(import.meta.dirname, "calling-program.ts");
  const web = {
    transport: "stdio",
    command: [process.execPath, program],
    files: [{ path: program }],
    egress: [place],
    egressPrivate: true,
    egressCredentials: [{ host: place, secret: "env://API_SECRET", variable: "API_TOKEN" }],
  };
  const document = {
    version: 1,
    log: { level: "debug" },
    policy: { rule: "allow-all" },
    servers: { web },
  };
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
  const server = await home.up();
  home.environment["COUNTERSIGN_URL"] = server.url;
  await home.run("servers", "inspect", "web");
  const called = await home.run("tools", "call", "web__call", JSON.stringify({ place }), "--json");
  expect(called.code).toBe(0);
  expect(heard).toEqual([`Bearer ${secret}`]);
  expect(called.out).toContain(`heard Bearer ${"*".repeat(secret.length)}`);
  expect(called.out).toMatch(/countersign-placeholder-[0-9a-f]{32}/);
  const listed = await home.run("receipts", "ls", "--json");
  const { receipts } = JSON.parse(listed.out) as { receipts: { id: string; kind: string }[] };
  const { id } = receipts.find(({ kind }) => kind === "outcome")!;
  const shown = await home.run("receipts", "show", id, "--json");
  const { entries } = JSON.parse(shown.out) as { entries: { bytes: string }[] };
  const texts = entries.map(({ bytes }) => Buffer.from(bytes, "base64").toString());
  expect(texts.join("")).toMatch(/"egress":\{"attempts":1,/);
  const line = server
    .log()
    .split("\n")
    .find((each) => each.includes("a sandbox tried to connect"));
  expect(JSON.parse(line!)).toMatchObject({
    server: "web",
    verdict: "allowed",
    credentials: "API_TOKEN",
  });
  const said = [called, listed, shown].flatMap(({ out, err }) => [out, err]);
  const all = [...said, ...texts, server.log(), JSON.stringify(server.events)].join("\n");
  for (const each of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")])
    expect(all).not.toContain(each);
}, 90_000);
