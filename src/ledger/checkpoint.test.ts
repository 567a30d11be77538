import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import {
  createNoteSigner,
  openNote,
  parseVerifierKey,
  signNote,
  toCheckpointBody,
  toOrigin,
  toVerifierKey,
} from "./checkpoint.ts";
import { openCheckpoint, parseCheckpoint, Refusal } from "./signed-head.ts";
import { toRoot } from "./tree.ts";

const runs = { numRuns: scaled({ test: 150, prove: 5_000 }), seed: seed() };
const signer = (byte: number, name = "gate.example") =>
  createNoteSigner({ name, seed: new Uint8Array(32).fill(byte) });
const origin = toOrigin({ installation: "gate.example", tenant: "acme", epoch: 1 });
const body = toCheckpointBody({ origin, size: 3, root: toRoot([]) });

// The keys and signatures of golang.org/x/mod/sumdb/note's own examples.
const neumann = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const enoch = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const text =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";
const byNeumann =
  "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const byEnoch =
  "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

test("notes of the reference implementation open, by each of their keys", async () => {
  const both = await Promise.all([neumann, enoch].map(parseVerifierKey));
  const note = `${text}\n${byNeumann}${byEnoch}`;
  expect(await openNote(note, both)).toMatchObject({ body: text, signedBy: both });
  for (const key of both) {
    expect((await openNote(note, [key])).signedBy).toEqual([key]);
  }
  expect((await openNote(`${text}\n${byEnoch}`, both)).signedBy).toEqual([both[1]]);
  await expect(openNote(`${text}\n${byEnoch}`, [both[0]!])).rejects.toThrow(/no trusted key/);
  await expect(openNote(note, [])).rejects.toThrow(/no trusted key/);
});

test("a signer makes the reference's note from the reference's seed", async () => {
  const seedOf = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
  const own = createNoteSigner({
    name: "PeterNeumann",
    seed: Buffer.from(seedOf, "base64").subarray(1),
  });
  expect(toVerifierKey(own)).toBe(neumann);
  expect(signNote(text, [own])).toBe(`${text}\n${byNeumann}`);
});

test("two keys sign while one takes the other's place; a verifier with either is content", async () => {
  const [older, newer] = [signer(1), signer(2)];
  const note = signNote(body, [older, newer]);
  for (const each of [older, newer]) {
    const key = toVerifierKey(each);
    const opened = await openCheckpoint(note, [key]);
    expect(opened.checkpoint).toMatchObject({ origin, tenant: "acme", size: 3 });
    expect(opened.keys).toEqual([key.slice(0, key.lastIndexOf("+"))]);
  }
  const all = [older, newer].map(toVerifierKey);
  expect((await openCheckpoint(note, [...all, ...all])).keys).toHaveLength(2);
  expect(() => signNote(body, [])).toThrow(/at least one/);
  expect(() => signNote(body, [older, older])).toThrow(/twice/);
});

test("a key speaks for its own origins alone", async () => {
  const others = ["gate.exampl", "gate.example.org", "gate.example/other", "gate.example/acme/2"];
  for (const name of others) {
    const other = signer(3, name);
    const opened = openCheckpoint(signNote(body, [other]), [toVerifierKey(other)]);
    await expect(opened, name).rejects.toThrow(/does not speak/);
  }
  for (const name of ["gate.example", "gate.example/acme", origin]) {
    const own = signer(3, name);
    expect((await openCheckpoint(signNote(body, [own]), [toVerifierKey(own)])).keys).toHaveLength(
      1,
    );
  }
});

test("any flipped bit of a note makes it refused", async () => {
  const keys = [await parseVerifierKey(toVerifierKey(signer(1)))];
  const note = Buffer.from(signNote(body, [signer(1)]));
  await fc.assert(
    fc.asyncProperty(fc.nat(note.length * 8 - 1), async (bit) => {
      const bent = Buffer.from(note);
      bent[bit >> 3] = bent[bit >> 3]! ^ (1 << (bit & 7));
      await expect(openNote(bent.toString("utf8"), keys)).rejects.toThrow(Refusal);
    }),
    runs,
  );
});

const good = signNote(body, [signer(1)]);
const [, line = ""] = /\n\n(.*\n)$/s.exec(good) ?? [];
const signature = line.split(" ")[2]!.trim();

test.each([
  ["nothing", ""],
  ["no signatures", body],
  ["no empty line", `${body}${line}`],
  ["an empty block of signatures", `${body}\n`],
  ["no last newline", good.slice(0, -1)],
  ["text after the signatures", `${good}more\n`],
  ["the same signature twice", `${good}${line}`],
  ["a hyphen for the dash", good.replace("\u2014", "-")],
  ["no name", good.replace("\u2014 gate.example ", "\u2014 ")],
  ["a plus in the name", `${good}\u2014 a+b AAAAAAAA\n`],
  ["a strange space in the name", `${good}\u2014 a\u00a0b AAAAAAAA\n`],
  ["two spaces", good.replace("\u2014 ", "\u2014  ")],
  ["a signature of four bytes", `${good}\u2014 other AAAAAA==\n`],
  ["base64 with other last bits", good.replace(signature, signature.replace(/.=$/, "B="))],
  ["base64 without padding", good.replace("=\n", "\n").replace(/=+\n$/, "\n")],
  ["a control character", `${body.slice(0, -1)}\u0001\n\n${line}`],
  ["a carriage return", good.replaceAll("\n", "\r\n")],
  ["half a surrogate pair", good.replace("acme", "ac\ud800me")],
  [
    "17 signatures",
    good + Array.from({ length: 16 }, (_, n) => `\u2014 n${n} AAAAAAAA\n`).join(""),
  ],
  ["over 16 KiB", `${"a".repeat(16_384)}\n${good}`],
])("a note with %s is refused, with the place", async (_case, note) => {
  const keys = [await parseVerifierKey(toVerifierKey(signer(1)))];
  await expect(openNote(note, keys)).rejects.toMatchObject({ place: expect.any(String) });
});

test("signatures of unknown keys are let be, up to 16 in all", async () => {
  const key = await parseVerifierKey(toVerifierKey(signer(1)));
  const unknown = Array.from({ length: 15 }, (_, n) => `\u2014 gate.example ${btoa(`000${n}!`)}\n`);
  const opened = await openNote(good + [...new Set(unknown)].slice(0, 10).join(""), [key]);
  expect(opened.signedBy).toEqual([key]);
});

test.each([
  "",
  "gate.example",
  neumann.replace("Peter", "Petra"),
  neumann.replace("c74f20a3", "c74f20a4"),
  neumann.replace("c74f20a3", "C74F20A3"),
  neumann.replace("+ARpc", "+BRpc"),
  neumann.slice(0, -4),
  `${neumann}\n`,
  ` ${neumann}`,
  `${neumann}+x`,
  `PeterNeumann+c74f20a3+${"A".repeat(300)}`,
])("%j is no verifier key", async (given) => {
  await expect(parseVerifierKey(given)).rejects.toMatchObject({ place: "the verifier key" });
});

const root = body.split("\n")[2]!;
test.each([
  `${origin}\n3\n${root}`,
  `${origin}\n03\n${root}\n`,
  `${origin}\n-3\n${root}\n`,
  `${origin}\n3.0\n${root}\n`,
  `${origin}\n9007199254740992\n${root}\n`,
  `${origin}\n3\n${root}\nextension\n`,
  `${origin}\n3\n${root.slice(0, -2)}==\n`,
  `${origin}\n3\n${root.replace(/.=$/, "V=")}\n`,
  `acme/1\n3\n${root}\n`,
  `gate.example/Acme/1\n3\n${root}\n`,
  `gate.example/acme/01\n3\n${root}\n`,
  `gate.example//acme/1\n3\n${root}\n`,
  `gate example/acme/1\n3\n${root}\n`,
  `\n3\n${root}\n`,
])("%j is no checkpoint", (given) => {
  expect(() => parseCheckpoint(given)).toThrow(Refusal);
});

test("an origin, a name and a seed that would not read back are never made", () => {
  expect(origin).toBe("gate.example/acme/1");
  const parts = { installation: "gate.example", tenant: "acme", epoch: 1 };
  for (const installation of ["", "a b", "a+b", "a\nb", "/a", "a/", "gäte", "a".repeat(101)]) {
    expect(() => toOrigin({ ...parts, installation }), installation).toThrow(/it is not/);
  }
  for (const tenant of ["", "a/b", "A", "-a", "a b"]) {
    expect(() => toOrigin({ ...parts, tenant }), tenant).toThrow(/not (?:installation|a tenant)/);
  }
  for (const epoch of [-1, 1.5, Number.NaN, 1e16]) {
    expect(() => toOrigin({ ...parts, epoch }), String(epoch)).toThrow(/not installation/);
  }
  for (const name of ["", "a b", "a+b", "a\u0085b"]) {
    expect(() => createNoteSigner({ name, seed: new Uint8Array(32) }), name).toThrow(/name/);
  }
  expect(() => createNoteSigner({ name: "a", seed: new Uint8Array(31) })).toThrow(/32 bytes/);
  for (const given of ["no newline", "a\u0000\n", "\ud800\n"]) {
    expect(() => signNote(given, [signer(1)]), given).toThrow(/text of a note/);
  }
  expect(() => toCheckpointBody({ origin, size: -1, root: toRoot([]) })).toThrow(
    /it is not an origin/,
  );
  expect(() => toCheckpointBody({ origin, size: 1, root: new Uint8Array(31) })).toThrow(
    /not a SHA-256/,
  );
});
