import { domainToASCII, domainToUnicode } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../../test/scale.ts";
import { decodePunycode, toCanonicalHost } from "../../model/canonical-host.ts";
import { compileHostCheck } from "./check-host.ts";
import { isHostPattern } from "../../model/host-list.ts";
import type { HostType } from "../../model/parameter-types.ts";

const type: HostType = {
  type: "host",
  hosts: ["api.example.com", "*.cdn.example.net", "10.0.0.5", "2001:db8::1"],
  schemes: ["https"],
};
const check = compileHostCheck(type);
const wide = compileHostCheck({
  ...type,
  ports: [443, 8443],
  schemes: ["https", "http", "postgres"],
});

test.each([
  "https://api.example.com",
  "https://api.example.com/",
  "HTTPS://API.Example.COM/a?b=c#d",
  "https://api.example.com:443/a",
  "https://api.example.com/ü?to=https://evil.test",
  "https://a.cdn.example.net/x",
  "https://a.b.cdn.example.net/x",
  "https://10.0.0.5/",
  "https://0xa000005/",
  "https://167772165/",
  "https://10.5/",
  "https://[::ffff:10.0.0.5]/",
  "https://[::ffff:a00:5]/",
  "https://[2001:db8::1]/",
  "https://[2001:0DB8:0:0:0:0:0:1]/",
  "api.example.com",
  "api.example.com:443",
  "[2001:db8::1]:443",
  "2001:db8::1",
  "https://xn--bcher-kva.cdn.example.net/",
])("%s is allowed", (text) => {
  expect(check(text)).toBeNull();
});

test.each([
  ["", "is empty"],
  ["https://", "empty host"],
  ["https:///api.example.com", "empty host"],
  ["https:api.example.com", "another host"],
  ["https:/api.example.com", "bare host"],
  ["//api.example.com/", "bare host"],
  ["api.example.com/x", "bare host"],
  ["http://api.example.com", "another scheme"],
  ["file:///etc/passwd", "another scheme"],
  ["javascript://api.example.com/%0aalert(1)", "another scheme"],
  ["__proto__://api.example.com", "bare host"],
  ["https://evil.test", "another host"],
  ["https://cdn.example.net/", "another host"],
  ["https://evilcdn.example.net/", "another host"],
  ["https://.cdn.example.net/", "no name"],
  ["https://api.example.com.evil.test/", "another host"],
  ["https://api.example.com./", "ends with a dot"],
  ["https://api.example.com:8443/", "another port, 8443"],
  ["https://api.example.com:/", "port that is no number"],
  ["https://api.example.com:0/", "port that is no number"],
  ["https://api.example.com:99999/", "port that is no number"],
  ["https://user@api.example.com/", "user or password"],
  ["https://api.example.com@evil.test/", "user or password"],
  ["https://api.example.com\\@evil.test/", "backslash"],
  ["https://api.example.com\t/", "control"],
  ["https://api.exa\nmple.com/", "control"],
  [" https://api.example.com/", "space"],
  ["https://api.example.com\u200b/", "invisible"],
  ["https://api%2eexample.com/", "plain ASCII"],
  ["https://api。example。com/", "plain ASCII"],
  ["https://ⓐpi.example.com/", "plain ASCII"],
  ["https://012.0.0.5/", "leading zeros"],
  ["https://10.0.0.6/", "another host"],
  ["https://[::1]/", "another host"],
  ["https://[::10.0.0.5]/", "another host"],
  ["https://[64:ff9b::a00:5]/", "another host"],
  ["https://[fe80::1%25eth0]/", "plain ASCII"],
  ["https://[api.example.com]/", "no name"],
  ["https://xn--pple-43d.cdn.example.net/", "mixes scripts"],
  [`https://api.example.com/${"a".repeat(2_100)}`, "longer than"],
])("%j is not: %s", (text, why) => {
  expect(check(text)).toContain(why);
});

test("ports and schemes are those that are listed", () => {
  expect(wide("https://api.example.com:8443/")).toBeNull();
  expect(wide("http://api.example.com:8443/")).toBeNull();
  expect(wide("http://api.example.com/")).toContain("another port, 80");
  expect(wide("postgres://api.example.com/db")).toContain("another port, 5432");
  expect(wide("postgres://0xa.5:443/db")).toBeNull();
  expect(wide("api.example.com:8443")).toBeNull();
  expect(wide("api.example.com:22")).toContain("another port, 22");
});

test("the message names what is allowed", () => {
  expect(wide("https://evil.test/")).toBe(
    'names another host; allowed is api.example.com, *.cdn.example.net, 10.0.0.5 or 2001:db8::1, port 443 or 8443 over https, http or postgres: "https://evil.test/"',
  );
});

test("a list holds hosts, and wildcards of more than one label", () => {
  for (const each of [
    "a.b",
    "localhost",
    "*.example.com",
    "10.0.0.1",
    "::1",
    "[::1]",
    "_x.example.com",
  ])
    expect(isHostPattern(each), each).toBe(true);
  for (const each of [
    "",
    "*",
    "*.com",
    "a.*",
    "*a.example.com",
    "*.*.com",
    "*.10.0.0.1",
    "*.::1",
    "a b",
    "a.b:80",
    "A.b",
    "a.b.",
    "é.com",
    "http://a.b",
    "a/b",
    "010.1.1.1",
  ])
    expect(isHostPattern(each), each).toBe(false);
});

test("punycode is decoded as Node does", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(...Array.from("abcü中文яδ-1")),
        minLength: 1,
        maxLength: 20,
      }),
      (label) => {
        const ascii = domainToASCII(label);
        fc.pre(ascii.startsWith("xn--"));
        expect(decodePunycode(ascii.slice(4))).toBe(domainToUnicode(ascii));
      },
    ),
    { seed: seed(), numRuns: scaled({ test: 1_000, prove: 100_000 }) },
  );
});

test("every spelling of an IPv4 address is that address", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
      const hex = number.toString(16).padStart(8, "0");
      const spellings = [
        address,
        String(number),
        `0x${number.toString(16)}`,
        address
          .split(".")
          .map((part) => `0x${Number(part).toString(16)}`)
          .join("."),
        `::ffff:${address}`,
        `[::FFFF:${hex.slice(0, 4)}:${hex.slice(4)}]`,
        `[0:0:0:0:0:ffff:${hex.slice(0, 4)}:${hex.slice(4)}]`,
      ];
      for (const spelling of spellings)
        expect(toCanonicalHost(spelling), spelling).toEqual({ kind: "address", host: address });
    }),
    { seed: seed(), numRuns: scaled({ test: 500, prove: 50_000 }) },
  );
});

test("what is accepted goes to a listed host for whoever parses URLs as the standard says", () => {
  const piece = fc.constantFrom(
    "https://",
    "api.example.com",
    "evil.test",
    "@",
    ":",
    "/",
    "\\",
    "#",
    "?",
    ".",
    "%2e",
    "443",
    "\t",
    "[",
    "]",
    "::1",
    "cdn.example.net",
    "a",
    "10.0.0.5",
    "0x",
    "http:",
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      if (check(`https://${text}`) !== null) return;
      const { hostname, username, port } = new URL(`https://${text}`);
      expect(username + port).toBe("");
      expect(hostname).toMatch(/^(?:api\.example\.com|[a-z0-9.]+\.cdn\.example\.net|10\.0\.0\.5)$/);
    }),
    { seed: seed(), numRuns: scaled({ test: 5_000, prove: 500_000 }) },
  );
});
