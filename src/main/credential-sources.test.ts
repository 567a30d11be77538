import { expect, test } from "vitest";
import { configSchema } from "../model/config.ts";
import type { TenantId } from "../model/index.ts";
import { createCredentialSources } from "./credential-sources.ts";

const tenant = "default" as TenantId;
const listen = { host: "127.0.0.1", port: 7070 };
const machine = {
  kind: "client-credentials",
  issuer: "https://issuer.example",
  clientId: "us",
  secret: "secret://client",
};

function toConfig(credentials: Readonly<Record<string, object | undefined>>, more: object = {}) {
  const servers = Object.entries(credentials).map(([name, credential]) => [
    name,
    { transport: "http", url: `https://${name}.example/mcp`, credential },
  ]);
  return configSchema.parse({ version: 1, servers: Object.fromEntries(servers), ...more });
}

test("a source is one frozen value, also in the next revision if that says the same", () => {
  const sources = createCredentialSources(listen);
  const leave = sources.enter(toConfig({ a: machine, b: undefined }), null);
  const first = sources.of(tenant, "a");
  expect(first).toEqual({
    kind: "client-credentials",
    hosts: ["a.example"],
    issuer: { kind: "discovered", issuer: "https://issuer.example", private: false },
    client: {
      metadataUrl: null,
      id: "us",
      auth: {
        kind: "secret",
        secret: { tenant, name: "secret://client", subject: null },
        how: "basic",
      },
    },
    scopes: [],
    resource: "https://a.example/mcp",
    audience: null,
  });
  expect(Object.isFrozen(first)).toBe(true);
  expect(sources.of(tenant, "a")).toBe(first);
  expect(sources.of(tenant, "b")).toBeNull();
  expect(sources.of(tenant, "none")).toBeNull();
  sources.enter(toConfig({ a: machine, c: machine }), null);
  expect(sources.of(tenant, "a")).toBe(first);
  leave();
  expect(sources.of(tenant, "a")).toBe(first);
  sources.enter(toConfig({ a: { ...machine, scopes: ["read"] } }), null);
  expect(sources.of(tenant, "a")).toMatchObject({ scopes: ["read"] });
});

test("a revision that does not start leaves what was, and calls under an older one keep theirs", () => {
  const sources = createCredentialSources(listen);
  sources.enter(toConfig({ a: machine, b: machine }), null);
  const before = sources.of(tenant, "a");
  const leave = sources.enter(toConfig({ a: { ...machine, clientId: "other" } }), null);
  expect(sources.of(tenant, "a")).not.toBe(before);
  expect(sources.of(tenant, "b")).not.toBeNull();
  leave();
  expect(sources.of(tenant, "a")).toBe(before);
});

test("each tenant has a source of its own", () => {
  const sources = createCredentialSources(listen);
  sources.enter(toConfig({ a: machine }), null);
  const other = sources.of("other" as TenantId, "a");
  expect(other).toMatchObject({ client: { auth: { secret: { tenant: "other" } } } });
  expect(other).not.toBe(sources.of(tenant, "a"));
});

test("people are sent back to where they reach this server", () => {
  const person = { kind: "user", issuer: "https://issuer.example", clientId: "us" };
  const local = createCredentialSources(listen);
  local.enter(toConfig({ a: person }), null);
  expect(local.of(tenant, "a")).toMatchObject({
    redirectUri: "http://127.0.0.1:7070/connect/callback/a",
  });
  const anyPort = createCredentialSources({ ...listen, port: 0 });
  expect(() => anyPort.enter(toConfig({ a: person }), null)).toThrow(/needs publicUrl/);
  expect(() => anyPort.publicUrl()).toThrow(/needs publicUrl/);
  anyPort.enter(toConfig({ a: person }, { publicUrl: "https://gate.example" }), null);
  expect(anyPort.of(tenant, "a")).toMatchObject({
    redirectUri: "https://gate.example/connect/callback/a",
  });
  expect(anyPort.publicUrl()).toBe("https://gate.example");
});

test("I10: no token of ours that opens this server is exchanged elsewhere", () => {
  const exchange = { ...machine, kind: "exchange", audience: "api" };
  const sources = createCredentialSources(listen);
  for (const subjectAudience of ["http://127.0.0.1:7070", "http://127.0.0.1:7070/mcp"]) {
    expect(() => sources.enter(toConfig({ a: { ...exchange, subjectAudience } }), null)).toThrow(
      /servers\.a\.credential: the audience .* is this server itself/,
    );
  }
  sources.enter(toConfig({ a: exchange }), null);
  expect(sources.of(tenant, "a")).toMatchObject({ subjectAudience: "https://issuer.example" });
  const subjectAudience = "http://127.0.0.1:70701/mcp";
  sources.enter(toConfig({ a: { ...exchange, subjectAudience } }), null);
  expect(sources.of(tenant, "a")).toMatchObject({ subjectAudience });
});

test("who calls without an agent has no token of ours to exchange", async () => {
  const sources = createCredentialSources(listen);
  const principal = { tenant, kind: "user", subject: "ada", actor: null } as const;
  await expect(sources.mint(principal, "https://issuer.example")).rejects.toThrow(
    "user ada calls without an agent",
  );
});
