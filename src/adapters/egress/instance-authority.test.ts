import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createManualClock } from "../../ports/manual-clock.ts";
import { createSeededRandom } from "../../ports/seeded-random.ts";
import { integer, objectId, sequence, time } from "./der.ts";
import { createInstanceAuthority } from "./instance-authority.ts";

const nowMs = Date.UTC(2026, 10, 21);
function create(hosts: readonly string[], seed = 1) {
  const clock = createManualClock(nowMs);
  return { clock, ...createInstanceAuthority({ hosts, clock, random: createSeededRandom(seed) }) };
}

/** What openssl says of a chain, at a time. */
function verify(authority: string, leaf: string, ...more: readonly string[]): string {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-der-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [ca, own] = ["ca.pem", "own.pem"].map((name) => path.join(directory, name)) as [
    string,
    string,
  ];
  writeFileSync(ca, authority);
  writeFileSync(own, leaf);
  const args = [
    "verify",
    "-x509_strict",
    "-attime",
    String(nowMs / 1_000),
    "-no-CApath",
    "-no-CAstore",
  ];
  try {
    return execFileSync("openssl", [...args, ...more, "-CAfile", ca, own], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return String((error as { stderr: string }).stderr);
  }
}

test("the authority is one for its hosts alone, and what it says of itself is read by others", () => {
  const { certificate } = create(["api.example.com"]);
  const read = new X509Certificate(certificate);
  expect(read).toMatchObject({ ca: true, subject: read.issuer });
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.subject).toMatch(/^CN=Countersign sandbox [0-9a-f]{16}$/);
  expect(read.validFromDate.getTime()).toBe(nowMs - 3_600_000);
  expect(read.validToDate.getTime()).toBe(nowMs + 366 * 86_400_000);
});

test("a leaf is for one name, by its authority, and for a day", () => {
  const { certificate, identify } = create(["api.example.com", "other.example.com"]);
  const { certificate: leaf, key } = identify("api.example.com");
  const [authority, read] = [new X509Certificate(certificate), new X509Certificate(leaf)];
  expect(read.ca).toBe(false);
  expect(read.subjectAltName).toBe("DNS:api.example.com");
  expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(read.checkIssued(authority)).toBe(true);
  expect(read.verify(authority.publicKey)).toBe(true);
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(read.checkHost("api.example.com")).toBe("api.example.com");
  expect(read.checkHost("other.example.com")).toBeUndefined();
  expect(read.validToDate.getTime()).toBe(nowMs + 86_400_000);
});

test("openssl takes the chain by its strict rules, and for that name alone", () => {
  const { certificate, identify } = create(["api.example.com"]);
  const { certificate: leaf } = identify("api.example.com");
  expect(verify(certificate, leaf, "-verify_hostname", "api.example.com")).toContain("OK");
  expect(verify(certificate, leaf, "-purpose", "sslserver")).toContain("OK");
  expect(verify(certificate, leaf, "-verify_hostname", "evil.example")).toContain("ismatch");
});

test("a name that the authority is not for is refused, even where it says it", () => {
  const { certificate, identify } = create(["api.example.com"]);
  expect(verify(certificate, identify("evil.example").certificate)).toContain(
    "permitted subtree violation",
  );
});

test("an authority vouches for nothing of another one", () => {
  const [one, other] = [create(["api.example.com"], 1), create(["api.example.com"], 2)];
  const { certificate: leaf } = other.identify("api.example.com");
  expect(verify(one.certificate, leaf)).toMatch(/unable to get local issuer|error/);
  expect(new X509Certificate(leaf).verify(new X509Certificate(one.certificate).publicKey)).toBe(
    false,
  );
});

test("a leaf is made once, and again when half of its day is over", () => {
  const { clock, identify } = create(["api.example.com"]);
  const first = identify("api.example.com");
  clock.advance(43_000_000);
  expect(identify("api.example.com")).toBe(first);
  clock.advance(300_000);
  const second = identify("api.example.com");
  expect(second.certificate).not.toBe(first.certificate);
  expect(new X509Certificate(second.certificate).validToDate.getTime()).toBe(
    nowMs + 43_300_000 + 86_400_000 - ((nowMs + 43_300_000) % 1_000),
  );
});

test("numbers, times and lengths are written as everybody reads them", () => {
  expect(objectId("1.2.840.10045.4.3.2").toString("hex")).toBe("06082a8648ce3d040302");
  expect(integer(Buffer.from([0, 0, 0x80])).toString("hex")).toBe("02020080");
  expect(integer(Buffer.from([0])).toString("hex")).toBe("020100");
  expect(
    time(Date.UTC(2049, 11, 31))
      .toString("latin1")
      .slice(2),
  ).toBe("491231000000Z");
  expect(time(Date.UTC(2050, 0)).toString("latin1").slice(2)).toBe("20500101000000Z");
  fc.assert(
    fc.property(fc.nat(100_000), (length) => {
      const written = sequence(Buffer.alloc(length));
      const long = written[1]! & 0x80 ? written[1]! & 0x7f : 0;
      const said = long === 0 ? written[1]! : written.readUIntBE(2, long);
      expect([said, written.length]).toEqual([length, 2 + long + length]);
    }),
  );
});

test("any serial number that is drawn is read", () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const { certificate, identify } = create(["api.example.com"], seed);
    const leaf = new X509Certificate(identify("api.example.com").certificate);
    expect(leaf.verify(new X509Certificate(certificate).publicKey)).toBe(true);
    expect(leaf.serialNumber).toMatch(/^[0-9A-F]{2,34}$/);
  }
});
