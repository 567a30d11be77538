import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
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

test("secret:// says what works now", async () => {
  const { secrets } = await scene();
  await expect(secrets.resolve("secret://db-url")).rejects.toMatchObject({
    code: "secret_unresolved",
    message: expect.stringContaining("What works now: env://NAME and file:///path"),
  });
});
