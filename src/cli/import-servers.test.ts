import { expect, test } from "vitest";
import { readClientFile } from "./client-configs.ts";
import { importServers } from "./import-servers.ts";
import { fromServerJson, isServerJson } from "./server-json.ts";

const options = { secretsDirectory: "/secrets", allowNoSandbox: true };

/** A file as people have it, with comments and last commas. */
const file = `{
  // my servers
  "mcpServers": {
    "GitHub Tools": {
      "command": "npx",
      "args": ["-y", "@example/github"],
      "env": { "GITHUB_TOKEN": "ghp_0123456789", "LOG_LEVEL": "debug", "HOME_TOKEN": "\${env:MY_TOKEN}", },
    },
    /* over HTTP */
    "search": {
      "url": "https://mcp.example.com/mcp",
      "headers": { "Authorization": "Bearer s3cret", "X-Team": "blue" }
    },
    "old": { "type": "sse", "url": "http://127.0.0.1:9000/sse" },
    "db": { "command": "db", "env": { "URL": "postgres://me:pw@host/db", "NOTE": "// no comment" } },
  },
}`;

test("servers of another program become ours, and no secret stays in the clear", () => {
  const entries = readClientFile("mcp.json", file)["mcpServers"] as never;
  const { servers, skipped } = importServers(entries, options);
  expect(skipped).toEqual([]);
  expect(servers.map(({ name }) => name)).toEqual(["git-hub-tools", "search", "old", "db"]);
  expect(servers[0]!.config).toEqual({
    transport: "stdio",
    command: ["npx", "-y", "@example/github"],
    sandbox: "none",
    environment: {
      GITHUB_TOKEN: "file:///secrets/git-hub-tools-GITHUB_TOKEN",
      LOG_LEVEL: { value: "debug" },
      HOME_TOKEN: "env://MY_TOKEN",
    },
  });
  expect(servers[1]!.config).toEqual({
    transport: "http",
    url: "https://mcp.example.com/mcp",
    headers: {
      Authorization: { secret: "file:///secrets/search-Authorization", prefix: "Bearer " },
      "X-Team": { secret: "file:///secrets/search-X-Team" },
    },
  });
  expect(servers[2]!.config).toEqual({
    transport: "sse",
    url: "http://127.0.0.1:9000/sse",
    private: true,
  });
  expect(servers[3]!.config["environment"]).toEqual({
    URL: "file:///secrets/db-URL",
    NOTE: { value: "// no comment" },
  });
  const lifted = servers.flatMap(({ secrets }) => secrets.map(({ value }) => value));
  expect(lifted).toEqual(["ghp_0123456789", "s3cret", "blue", "postgres://me:pw@host/db"]);
  const written = JSON.stringify(servers.map(({ config }) => config));
  for (const secret of lifted) expect(written).not.toContain(secret);
});

test("what cannot be taken over is left out with its reason, and the others are not", () => {
  const { servers, skipped } = importServers(
    {
      "": { command: "x" },
      broken: 7,
      empty: {},
      asks: { command: "x", env: { KEY: "${input:key}-suffix" } },
      placed: { command: "x", args: ["${workspaceFolder}"] },
      listed: { command: "x", args: "not a list" },
      Same: { command: "x" },
      same: { command: "y" },
      countersign: { command: "x" },
    },
    options,
  );
  expect(servers.map(({ name }) => name)).toEqual(["same"]);
  expect(skipped.map(({ name }) => name)).toEqual([
    "",
    "broken",
    "empty",
    "asks",
    "placed",
    "listed",
    "same",
    "countersign",
  ]);
});

test("a program runs in a sandbox unless somebody says otherwise, and that it reaches nothing is told", () => {
  const { servers } = importServers(
    { one: { command: "x" } },
    { ...options, allowNoSandbox: false },
  );
  expect(servers[0]!.config).toEqual({ transport: "stdio", command: ["x"] });
  expect(servers[0]!.notes[0]).toContain("reaches nothing");
});

test("an argument that looks like a secret is named, without being repeated", () => {
  const key = "sk-0123456789abcdef0123456789abcdef";
  const { servers } = importServers({ one: { command: "x", args: ["--key", key] } }, options);
  expect(servers[0]!.notes).toHaveLength(1);
  expect(servers[0]!.notes[0]).not.toContain(key);
});

test("a file that is no JSON is refused with its name", () => {
  expect(() => readClientFile("mcp.json", "{x}")).toThrow("mcp.json");
  expect(() => readClientFile("mcp.json", "[]")).toThrow("mcp.json does not hold an object");
});

test("a server.json of the registry is taken over at its published version", () => {
  const document = {
    $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    name: "io.github.example/weather",
    description: "Weather",
    version: "1.2.3",
    packages: [
      { registryType: "oci", identifier: "example/weather", version: "1.2.3" },
      {
        registryType: "npm",
        identifier: "@example/weather",
        version: "1.2.3",
        transport: { type: "stdio" },
        packageArguments: [
          { type: "named", name: "--units", value: "metric" },
          { type: "positional", default: "today" },
        ],
        environmentVariables: [
          { name: "WEATHER_API_KEY", isRequired: true, isSecret: true },
          { name: "LOG_LEVEL", default: "info" },
          { name: "OPTIONAL" },
        ],
      },
    ],
  };
  expect(isServerJson(document)).toBe(true);
  const { servers } = importServers(fromServerJson(document), options);
  expect(servers[0]).toMatchObject({
    name: "weather",
    config: {
      transport: "stdio",
      command: ["npx", "-y", "@example/weather@1.2.3", "--units", "metric", "today"],
      environment: {
        WEATHER_API_KEY: "env://WEATHER_API_KEY",
        LOG_LEVEL: { value: "info" },
      },
    },
  });
});

test("a remote goes before a package, and an entry of the registry's API is opened", () => {
  const remote = {
    type: "streamable-http",
    url: "https://weather.example.com/mcp",
    headers: [{ name: "Authorization", isRequired: true, isSecret: true }],
  };
  const server = { name: "io.github.example/weather", remotes: [remote], packages: [] };
  const { servers } = importServers(fromServerJson({ server, _meta: {} }), options);
  expect(servers[0]!.config).toEqual({
    transport: "http",
    url: "https://weather.example.com/mcp",
    headers: { Authorization: { secret: "env://AUTHORIZATION" } },
  });
  const placed = { ...server, remotes: [{ ...remote, url: "https://{tenant}.example.com/mcp" }] };
  expect(importServers(fromServerJson(placed), options).skipped).toHaveLength(1);
  expect(() => fromServerJson({ name: "a/b", packages: [{ registryType: "oci" }] })).toThrow(
    "neither",
  );
  expect(isServerJson({ mcpServers: {} })).toBe(false);
});
