import { expect, test } from "vitest";
import { parseEgressRule } from "../../model/sandbox.ts";
import { toPlace } from "./place.ts";
import { compileRules } from "./rules.ts";

test("a rule is written as a host and a port, with a scheme and methods for plain text", () => {
  expect(parseEgressRule("api.example.com:443")).toEqual({
    host: "api.example.com",
    port: 443,
    protocol: "tls",
    methods: null,
  });
  expect(parseEgressRule("GET,HEAD http://*.example.com:8080")).toEqual({
    host: "*.example.com",
    port: 8080,
    protocol: "http",
    methods: ["GET", "HEAD"],
  });
  expect(parseEgressRule("http://localhost:1")).toMatchObject({ protocol: "http", methods: null });
});

test.each([
  "api.example.com",
  "api.example.com:0",
  "api.example.com:65536",
  "API.example.com:443",
  "api.example.com.:443",
  "https://api.example.com:443",
  "http://api.example.com:80/",
  "GET api.example.com:443",
  "get http://api.example.com:80",
  "GET, HEAD http://api.example.com:80",
  "http://user@api.example.com:80",
  "*:443",
  "*.com:443",
  "*.*.com:443",
  "api.*.com:443",
  "127.0.0.1:80",
  "0x7f.1:80",
  "2130706433:80",
  "[::1]:80",
  "::1:80",
  "*.0.0.1:80",
])("%j is no rule", (text) => {
  expect(parseEgressRule(text)).toBeNull();
});

test("what may be spoken at a place is what any of its rules says", () => {
  const texts = ["*.example.com:80", "GET http://*.example.com:80", "PUT http://a.example.com:80"];
  const permit = compileRules(texts.map((text) => parseEgressRule(text)!));
  const [both, one] = [permit(toPlace("a.example.com", 80)), permit(toPlace("b.example.com", 80))];
  expect([both.tls, both.allowsMethod("GET"), both.allowsMethod("PUT")]).toEqual([
    true,
    true,
    true,
  ]);
  expect([one.allowsMethod("GET"), one.allowsMethod("PUT")]).toEqual([true, false]);
  expect(() => permit(toPlace("example.com", 80))).toThrow("no egress rule allows example.com:80");
  expect(() => permit(toPlace("a.example.com", 81))).toThrow("no egress rule");
  expect(() => compileRules([])(toPlace("a.example.com", 80))).toThrow("no egress rule");
});
