import { expect, test } from "vitest";
import {
  toBearerAnswer,
  toBearerChallenge,
  toMetadataUrl,
  toResourceMetadata,
} from "./protected-resource.ts";

test("the metadata of a resource lies between its host and its path", () => {
  const well = "https://gate.example/.well-known/oauth-protected-resource";
  expect(toMetadataUrl("https://gate.example")).toBe(well);
  expect(toMetadataUrl("https://gate.example/")).toBe(well);
  expect(toMetadataUrl("https://gate.example/mcp")).toBe(`${well}/mcp`);
  expect(toMetadataUrl("https://gate.example/mcp/travel")).toBe(`${well}/mcp/travel`);
  expect(toMetadataUrl("https://gate.example/mcp/")).toBe(`${well}/mcp/`);
  expect(toMetadataUrl("https://gate.example/mcp?k=v")).toBe(`${well}/mcp?k=v`);
  expect(toMetadataUrl("http://127.0.0.1:7070/mcp")).toBe(
    "http://127.0.0.1:7070/.well-known/oauth-protected-resource/mcp",
  );
});

test("the document says where tokens come from, and leaves out what would be empty", () => {
  const resource = "https://gate.example/mcp/travel";
  const authorizationServers = ["https://idp.example"];
  const scopes = ["calls", "offline_access"];
  expect(toResourceMetadata({ resource, authorizationServers, scopes, name: "Travel" })).toEqual({
    resource,
    authorization_servers: authorizationServers,
    scopes_supported: ["calls"],
    bearer_methods_supported: ["header"],
    resource_name: "Travel",
  });
  const bare = { resource, authorizationServers: [], scopes: ["offline_access"], name: null };
  expect(toResourceMetadata(bare)).toEqual({ resource, bearer_methods_supported: ["header"] });
});

test("a challenge names the metadata, and what is wrong only where a token came", () => {
  const resource = "https://gate.example/mcp";
  const bare = { resource, error: null, description: null, scopes: [] };
  const place = 'resource_metadata="https://gate.example/.well-known/oauth-protected-resource/mcp"';
  expect(toBearerChallenge(bare)).toBe(`Bearer ${place}`);
  expect(toBearerChallenge({ ...bare, scopes: ["calls", "offline_access"] })).toBe(
    `Bearer ${place}, scope="calls"`,
  );
  expect(
    toBearerChallenge({
      resource,
      error: "insufficient_scope",
      description: "The token lacks a scope.",
      scopes: ["calls", "admin"],
    }),
  ).toBe(
    `Bearer ${place}, error="insufficient_scope", error_description="The token lacks a scope.", scope="calls admin"`,
  );
});

test("nothing in a challenge ends its quotes or its line", () => {
  const text = toBearerChallenge({
    resource: 'https://gate.example/"mcp"',
    error: "invalid_token",
    description: 'a "quoted" \\ thing\r\nSet-Cookie: a=b ü',
    scopes: ['a"b', "a b", "good", "a\\b", ""],
  });
  expect(text).toMatch(/^[\x20-\x7e]+$/);
  expect(text).not.toContain("\\");
  expect(text.match(/"/g)).toHaveLength(8);
  expect(text).toContain("error_description=\"a 'quoted' ? thing??Set-Cookie: a=b ?\"");
  expect(text).toContain('scope="good"');
});

test("a refused token is answered with what helps: a new one, a better one, or patience", () => {
  expect(toBearerAnswer("expired")).toEqual({ status: 401, error: "invalid_token" });
  expect(toBearerAnswer("scope")).toEqual({ status: 403, error: "insufficient_scope" });
  expect(toBearerAnswer("unavailable")).toEqual({ status: 503, error: null });
});
