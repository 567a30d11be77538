import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { TenantId } from "../../model/index.ts";
import { SecretValue } from "../../ports/secrets.ts";
import { createSecrets } from "./secrets.ts";

async function scene() {
  const directory = await mkdtemp(path.join(tmpdir(), "countersign-secrets-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return { directory, secrets: createSecrets({ variables: {}, directory }) };
}

test("one line break at the end of a file is no part of the secret, others are", async () => {
  const { directory, secrets } = await scene();
  const cases = [
    ["key\n", "key"],
    ["key\r\n", "key"],
    ["key", "key"],
    [" key\n\n", " key\n"],
  ] as const;
  for (const [content, secret] of cases) {
    await writeFile(path.join(directory, "key"), content);
    expect((await secrets.resolve("file://key")).reveal()).toBe(secret);
  }
});

test.each([
  ["a directory", "file://folder", "it is not a regular file"],
  ["a pipe that nobody writes to", "file://pipe", "it is not a regular file"],
  ["more than 64 KiB", "file://large", "the file is larger than 64 KiB"],
  ["no text", "file://binary", "the file is not UTF-8 text"],
  ["nothing", "file://absent", "the file is not there"],
])("%s is a clear fault", async (_, reference, why) => {
  const { directory, secrets } = await scene();
  await mkdir(path.join(directory, "folder"));
  execFileSync("mkfifo", [path.join(directory, "pipe")]);
  await writeFile(path.join(directory, "large"), "x".repeat(65_537));
  await writeFile(path.join(directory, "binary"), Buffer.from([0x61, 0xff]));
  await expect(secrets.resolve(reference)).rejects.toThrow(
    `${reference} does not resolve: ${why}.`,
  );
});

test("what every object has is no variable", async () => {
  const { secrets } = await scene();
  await expect(secrets.resolve("env://toString")).rejects.toThrow("the variable is not set");
});

test("secret:// before the vault is open says what works there", async () => {
  const { secrets } = await scene();
  await expect(secrets.resolve("secret://db-url")).rejects.toMatchObject({
    code: "secret_unresolved",
    message: expect.stringContaining("What works here: env://NAME and file:///path"),
  });
});

const open = (hosts: readonly string[] | null) =>
  createSecrets({
    variables: {},
    directory: "/",
    readStored: async (name) =>
      hosts && {
        tenant: "default" as TenantId,
        name,
        subject: null,
        version: 1,
        writtenAtMs: 0,
        hosts,
        value: new SecretValue("hunter2"),
      },
  });

test("a stored secret that is not there is named, with the command that stores it", async () => {
  await expect(open(null).resolve("secret://token")).rejects.toMatchObject({
    code: "secret_unresolved",
    message: expect.stringContaining("countersign secrets set token"),
    details: { reference: "secret://token" },
  });
});

test.each([
  [[], undefined, true],
  [[], "anywhere.example.com:443", true],
  [["api.example.com"], "api.example.com:443", true],
  [["other.example.com", "api.example.com:8443"], "api.example.com:8443", true],
  [["[::1]"], "[::1]:443", true],
  [["api.example.com"], undefined, false],
  [["api.example.com"], "api.example.com:8443", false],
  [["api.example.com:8443"], "api.example.com:443", false],
  [["api.example.com"], "evil.api.example.com:443", false],
  [["example.com"], "example.com.evil.com:443", false],
])("a secret of %j sent to %s is given out: %s", async (hosts, destination, given) => {
  const asked = open(hosts).resolve("secret://token", destination);
  if (given) expect((await asked).reveal()).toBe("hunter2");
  else {
    await expect(asked).rejects.toMatchObject({
      code: "secret_unresolved",
      message: expect.stringContaining("bound to"),
    });
  }
});
