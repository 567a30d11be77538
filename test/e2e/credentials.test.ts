import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createBrowser } from "../oauth/browse.ts";
import { introspect, startCheckedServer } from "../oauth/checked-server.ts";
import { clientSecret, startProvider } from "../oauth/start-provider.ts";
import { usePostgres } from "../postgres.ts";
import { createHome, type Home, type Ran } from "./home.ts";

usePostgres();

const publicUrl = "http://127.0.0.1:7999";

async function until(run: () => Promise<Ran>, holds: (ran: Ran) => boolean): Promise<Ran> {
  for (let tries = 0; ; tries += 1) {
    const ran = await run();
    if (holds(ran)) return ran;
    if (tries > 60) throw new Error(`it did not come to pass: ${ran.code} ${ran.out}${ran.err}`);
    await systemClock.sleep(250);
  }
}

function write(home: Home, text: string): void {
  writeFileSync(path.join(home.directory, "countersign.yaml"), text);
}

async function startAll() {
  const machine = { redirect_uris: [], response_types: [], grant_types: ["client_credentials"] };
  const provider = await startProvider({
    clients: [
      {
        client_id: "person",
        token_endpoint_auth_method: "none",
        redirect_uris: [`${publicUrl}/connect/callback/own`],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
      { client_id: "machine", client_secret: clientSecret, ...machine },
    ],
  });
  const { issuer } = provider;
  const accepts = async ({ authorization }: { readonly authorization: string }) =>
    (await introspect(issuer, { secret: clientSecret, authorization })).active;
  const shared = await startCheckedServer({ era: "legacy", accepts });
  const own = await startCheckedServer({
    era: "modern",
    accepts: (one) => one.method !== "tools/call" || accepts(one),
  });
  const toDocument = (more = "") => `version: 1
publicUrl: ${publicUrl}
policy: { rule: allow-all }
${more}
servers:
  shared:
    transport: http
    url: ${shared.url}
    private: true
    credential:
      kind: client-credentials
      issuer: ${issuer}
      private: true
      clientId: machine
      secret: secret://client-secret
  own:
    transport: http
    url: ${own.url}
    private: true
    credential: { kind: user, issuer: "${issuer}", private: true, clientId: person, scopes: [openid] }
`;
  return { provider, shared, own, toDocument };
}

test("I9: credentials over the command line: got, kept, agreed to, revoked, and nowhere to be read", async () => {
  const home = createHome();
  const { provider, shared, own, toDocument } = await startAll();
  write(home, toDocument());
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;

  const inspectShared = () => home.run("servers", "inspect", "shared");
  const without = await until(inspectShared, ({ out }) => out.includes("no secret"));
  expect([without.code, without.out]).toEqual([
    75,
    expect.stringContaining("There is no secret secret://client-secret"),
  ]);
  expect((await home.pipe(clientSecret, "secrets", "set", "client-secret")).code).toBe(0);
  await until(inspectShared, ({ code }) => code === 0);
  const call = () => home.run("tools", "call", "shared__echo", '{"text":"hi"}');
  expect((await call()).code).toBe(0);
  expect(provider.tokenRequests).toHaveLength(1);

  // The next revision says the same of it, so its token stays in use.
  write(home, toDocument("log: { level: debug }"));
  expect((await home.run("apply")).code).toBe(0);
  expect((await call()).code).toBe(0);
  expect(provider.tokenRequests).toHaveLength(1);

  const badHost = toDocument().replace(
    "clientId: machine",
    'clientId: machine\n      hosts: ["*"]',
  );
  write(home, badHost);
  expect(await home.run("plan")).toMatchObject({
    code: 2,
    err: expect.stringContaining("servers.shared.credential.hosts"),
  });
  const exchange = `kind: exchange\n      audience: a\n      subjectAudience: ${publicUrl}/mcp`;
  write(home, toDocument().replace("kind: client-credentials", exchange));
  expect(await home.run("apply")).toMatchObject({
    code: 2,
    err: expect.stringContaining("is this server itself"),
  });
  expect((await call()).code).toBe(0);

  const asked = await home.run("tools", "call", "own__echo", '{"text":"hi"}');
  const consent = /\/connect\?consent=([\w.-]+)/.exec(asked.out + asked.err)?.[1];
  expect(consent).toMatch(/^own\./);
  const key = home.key("admin");
  const post = async (route: string, body: object) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await fetch(`${up.url}/v1/consents/${route}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, string>;
  };
  const { url: issuerUrl } = await post("authorize", { consent });
  const callback = await createBrowser().agree(issuerUrl!, "ann");
  expect(await post("finish", { url: callback })).toEqual({ server: "own" });
  expect((await home.run("tools", "call", "own__echo", '{"text":"hi"}')).code).toBe(0);

  const listed = await home.run("credentials", "ls");
  expect(listed.out).toMatch(/^ *own +service:admin +20.* 127\.0\.0\.1:\d+\n$/);
  const revoke = ["credentials", "revoke", "own", "--subject", "service:admin"];
  const revoked = await home.run(...revoke);
  expect([revoked.code, revoked.out]).toEqual([0, expect.stringContaining("has revoked it")]);
  expect((await home.run("credentials", "ls")).out).toContain("Nobody has granted anything");
  expect((await home.run("credentials", "revoke", "none")).code).toBe(3);

  up.kill("SIGTERM");
  expect(await up.ended).toBe(0);
  const bearers = [...shared.arrived, ...own.arrived]
    .map(({ authorization }) => authorization.slice("Bearer ".length))
    .filter((bearer) => bearer !== "");
  const values = [...new Set([...bearers, clientSecret, key])];
  expect(values.length).toBeGreaterThan(3);
  const wire = [...shared.arrived, ...own.arrived].map(({ headers, body }) => headers + body);
  expect(wire.join("\n")).not.toContain(key);
  const files = readdirSync(home.data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)));
  expect(files.length).toBeGreaterThan(100);
  for (const value of values) {
    expect(up.log()).not.toContain(value);
    expect(files.some((bytes) => bytes.includes(value))).toBe(false);
  }
}, 180_000);
