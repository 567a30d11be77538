import { describe, expect, test } from "vitest";
import { credentialField, listOwnHosts, type CredentialConfig } from "./config-credential.ts";
import { serverSchema, serversField } from "./config-servers.ts";

const machine = {
  kind: "client-credentials",
  issuer: "https://issuer.example",
  clientId: "us",
  secret: "secret://client",
};
const person = { kind: "user", issuer: "https://issuer.example", clientId: "us" };
const exchange = { kind: "exchange", issuer: "https://i.example", clientId: "us", audience: "api" };
const stated = {
  tokenEndpoint: "https://issuer.example/token",
  authorizationEndpoint: "https://issuer.example/authorize",
};

function problemsOf(credential: object, server: object = {}): readonly string[] {
  const parsed = serverSchema.safeParse({
    transport: "http",
    url: "https://api.example/mcp",
    credential,
    ...server,
  });
  if (parsed.success) return [];
  return parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test.each([
  [machine],
  [{ ...machine, secret: undefined, privateKey: "file:///key.pem", keyId: "one" }],
  [{ ...machine, issuer: undefined, tokenEndpoint: "https://issuer.example/token" }],
  [{ ...machine, issuer: "http://127.0.0.1:8080", private: true }],
  [person],
  [{ ...person, clientId: undefined, clientDocument: "https://gate.example/client.json" }],
  [{ ...person, ...stated, resource: "none", listAs: { subject: "caller" } }],
  [exchange],
  [{ ...machine, hosts: ["api.example", "other.example:8443", "[::1]:80"] }],
])("takes %j", (credential) => {
  expect(problemsOf(JSON.parse(JSON.stringify(credential)) as object)).toEqual([]);
});

describe("refuses", () => {
  test.each([
    ["a kind that is none", { kind: "magic" }, /kind: client-credentials, user or exchange/],
    ["what another kind has", { ...machine, listAs: { subject: "a" } }, /listAs/],
    ["no issuer", { ...machine, issuer: undefined }, /issuer: or tokenEndpoint/],
    ["no secret", { ...machine, secret: undefined }, /secret: or privateKey/],
    ["two proofs", { ...machine, privateKey: "env://KEY" }, /one of the two/],
    [
      "a secret in place of a reference",
      { ...machine, secret: "hunter2" },
      /reference to a secret/,
    ],
    ["plain http", { ...machine, issuer: "http://issuer.example" }, /issuer: is not https/],
    ["a user in a URL", { ...machine, issuer: "https://a:b@issuer.example" }, /without user/],
    [
      "half of a place to agree",
      { ...person, ...stated, authorizationEndpoint: undefined },
      /goes with tokenEndpoint/,
    ],
    ["no client", { ...person, clientId: undefined }, /clientId: or clientDocument/],
    ["no audience", { ...exchange, audience: undefined }, /audience/],
    ["a scope of two words", { ...machine, scopes: ["read write"] }, /takes a scope/],
    ["a wildcard", { ...machine, hosts: ["*.example"] }, /takes a host name/],
    ["a URL as host", { ...machine, hosts: ["https://api.example"] }, /takes a host name/],
    ["a host in capitals", { ...machine, hosts: ["API.example"] }, /takes a host name/],
    ["no host at all", { ...machine, hosts: [] }, /at least one/],
    [
      "another host than the server's",
      { ...machine, hosts: ["other.example"] },
      /leaves out an address/,
    ],
    [
      "another port than the server's",
      { ...machine, hosts: ["api.example:8443"] },
      /leaves out an address/,
    ],
  ])("%s", (_, credential, message) => {
    const problems = problemsOf(JSON.parse(JSON.stringify(credential)) as object);
    expect(problems.join("\n")).toMatch(message);
    expect(problems.join("\n")).not.toContain("hunter2");
  });

  test("a copy that is left out, and any credential of a program", () => {
    const endpoints = ["https://api-2.example/mcp"];
    expect(problemsOf({ ...machine, hosts: ["api.example"] }, { endpoints })).toHaveLength(1);
    expect(
      problemsOf({ ...machine, hosts: ["api.example", "api-2.example"] }, { endpoints }),
    ).toEqual([]);
    expect(problemsOf(machine, { endpoints })).toEqual([]);
    const program = { transport: "stdio", command: ["a"], sandbox: "none", credential: machine };
    expect(serverSchema.safeParse(program).success).toBe(false);
  });
});

test("a server's own hosts are named with their ports where those are not the usual one", () => {
  const url = "https://api.example/mcp";
  const endpoints = ["http://127.0.0.1/mcp", "https://api.example/other", "http://[::1]:81/"];
  expect(listOwnHosts({ url, endpoints })).toEqual(["api.example", "127.0.0.1:80", "[::1]:81"]);
});

test("what is absent stays absent or has its default", () => {
  const parsed = credentialField.parse(machine) as CredentialConfig;
  expect(parsed).toEqual({ ...machine, private: false, scopes: [], secretIn: "header" });
});

test("a metadata document of the client is read by one authorization server", () => {
  const clientDocument = "https://gate.example/client.json";
  const toServer = (issuer: string, document: string = clientDocument) => ({
    transport: "http",
    url: "https://api.example/mcp",
    credential: { kind: "user", issuer, clientDocument: document },
  });
  const complaintsOf = (servers: object) =>
    serversField
      .safeParse(servers)
      .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  const one = toServer("https://issuer.example");
  expect(complaintsOf({ a: one, b: one })).toBeUndefined();
  const other = toServer("https://other.example", "https://gate.example/other.json");
  expect(complaintsOf({ a: one, b: other })).toBeUndefined();
  for (const document of [clientDocument, "https://GATE.example:443/client.json"]) {
    expect(complaintsOf({ a: one, b: toServer("https://other.example", document) })).toEqual([
      "b.credential.clientDocument: is that of a, whose authorization server is another one",
    ]);
  }
});
