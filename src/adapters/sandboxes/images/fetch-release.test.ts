import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../system/system-clock.ts";
import { systemRandom } from "../../system/system-random.ts";
import { fetchRelease } from "./fetch-release.ts";
import { firecrackerRelease, type Release } from "./firecracker-release.ts";
import { setupFirecracker } from "./setup-firecracker.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "release-"));
  // Where we are root, other users have to get in.
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function serve(bytes: Uint8Array): Promise<string> {
  const server = createServer(({ url }, response) => {
    if (url === "/release.tgz") response.end(bytes);
    else if (url === "/moved") response.writeHead(302, { location: "/release.tgz" }).end();
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bytes = Buffer.from("not much of a release");
const toRelease = (url: string, changes: Partial<Release> = {}): Release => ({
  ...firecrackerRelease,
  url,
  sha256: sha256(bytes),
  ...changes,
});

test("a file with the digest that was asked for is taken, where it moved as well", async () => {
  const origin = await serve(bytes);
  for (const place of ["release.tgz", "moved"])
    expect(await fetchRelease(toRelease(`${origin}/${place}`), systemClock)).toEqual(bytes);
});

test.each<[string, Partial<Release>, string]>([
  ["release.tgz", { sha256: "0".repeat(64) }, "is not the file that was asked for"],
  ["release.tgz", { mostBytes: bytes.length - 1 }, "it is larger than 20 bytes"],
  ["nothing", {}, "the answer is 404"],
])("%s is refused: %o", async (place, changes, reason) => {
  const release = toRelease(`${await serve(bytes)}/${place}`, changes);
  await expect(fetchRelease(release, systemClock)).rejects.toThrow(reason);
});

test("where nobody answers it says so", async () => {
  const refused = fetchRelease(toRelease("http://127.0.0.1:1/release.tgz"), systemClock);
  await expect(refused).rejects.toThrow("cannot be fetched: ");
});

test("the release that is pinned is named whole", () => {
  const { url, version, member, ...digests } = firecrackerRelease;
  expect(url).toContain(`/v${version}/firecracker-v${version}-x86_64.tgz`);
  expect(url).toMatch(/^https:\/\/github\.com\/firecracker-microvm\/firecracker\/releases\//);
  expect(member).toContain(version);
  expect(digests.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(digests.programSha256).toMatch(/^[0-9a-f]{64}$/);
});

/** A release as the project packs it, whose program is a script. */
function packRelease(): { readonly archive: Buffer; readonly program: Buffer } {
  const folder = makeFolder();
  const program = Buffer.from("#!/bin/sh\necho made up\n");
  const file = path.join(folder, firecrackerRelease.member);
  mkdirSync(path.dirname(file));
  writeFileSync(file, program);
  const archive = path.join(folder, "release.tgz");
  execFileSync("tar", ["-czf", archive, "-C", folder, path.dirname(firecrackerRelease.member)]);
  return { archive: readFileSync(archive), program };
}

async function setUp(changes: Partial<Release>, kvm = "/dev/null") {
  const { archive, program } = packRelease();
  const digests = { sha256: sha256(archive), programSha256: sha256(program) };
  const release = toRelease(`${await serve(archive)}/release.tgz`, { ...digests, ...changes });
  const directory = path.join(makeFolder(), "sandboxes");
  const workshop = {
    directory,
    path: process.env["PATH"] ?? "",
    proxies: {},
    random: systemRandom,
    onStep: () => undefined,
  };
  const outcome = await setupFirecracker(workshop, { clock: systemClock, release, kvm }).catch(
    (error: unknown) => error as Error,
  );
  return { directory, outcome };
}

const isHere = process.platform === "linux" && process.arch === "x64";

test.runIf(isHere)(
  "the program of a release is put in its place, for everybody to run",
  async () => {
    const { directory, outcome } = await setUp({});
    const place = path.join(directory, "bin", "firecracker");
    expect(outcome).toEqual({ kind: "made", path: place, version: firecrackerRelease.version });
    expect(statSync(place).mode & 0o777).toBe(0o755);
    expect(execFileSync(place, { encoding: "utf8" })).toBe("made up\n");
    expect(readdirSync(path.join(directory, "making"))).toEqual([]);
  },
);

test.runIf(isHere).each<[string, Partial<Release>]>([
  ["archive", { sha256: "0".repeat(64) }],
  ["program", { programSha256: "0".repeat(64) }],
  ["member", { member: "release-v1.17.0-x86_64/elsewhere" }],
])("of another %s nothing is left", async (_, changes) => {
  const { directory, outcome } = await setUp(changes);
  expect(outcome).toMatchObject({ code: "setup_failed" });
  expect(existsSync(path.join(directory, "bin"))).toBe(false);
  expect(readdirSync(path.join(directory, "making"))).toEqual([]);
});

test("without KVM nothing is fetched", async () => {
  const { directory, outcome } = await setUp({}, "/dev/no-such-kvm");
  expect(outcome).toMatchObject({ kind: "missing" });
  expect((outcome as { reason: string }).reason).toMatch(/KVM|Linux on x64/);
  expect(existsSync(directory)).toBe(false);
});
