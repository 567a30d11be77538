import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isOnPath } from "../../../../bin/bootstrap/system-packages.js";
import { systemRandom } from "../../system/system-random.ts";
import { openArchive } from "./archive.ts";
import { buildMachineImage } from "./machine-image.ts";
import { setupRunsc } from "./setup-runsc.ts";

const programs = process.env["PATH"] ?? "";
const hasApt =
  isOnPath("apt-get", programs) && existsSync("/usr/share/keyrings/debian-archive-keyring.gpg");

function makeWorkshop(folders = programs) {
  const directory = mkdtempSync(path.join(tmpdir(), "archive-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  chmodSync(directory, 0o755);
  const onStep = () => undefined;
  return { directory, path: folders, proxies: {}, random: systemRandom, onStep };
}

function open(source: string) {
  const workshop = makeWorkshop();
  const state = path.join(workshop.directory, "apt");
  return openArchive(workshop, { state, sources: [source] });
}

test("where there is no apt, that is what is missing, and nothing is begun", async () => {
  const workshop = makeWorkshop("/no-such-folder");
  const lack = { kind: "missing", reason: "`apt-get` is not installed" };
  expect(await setupRunsc(workshop)).toMatchObject(lack);
  expect(existsSync(path.join(workshop.directory, "bin"))).toBe(false);
  expect(await buildMachineImage(workshop)).toMatchObject({ kind: "missing" });
  expect(existsSync(path.join(workshop.directory, "images"))).toBe(false);
});

/** An archive with a package of ours, as anybody can make one who answers in the name of a mirror. */
function makeUnsigned(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "mirror-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  writeFileSync(path.join(folder, "Packages"), "");
  const date = "Thu, 01 Jan 2026 00:00:00 UTC";
  const release = `Origin: Debian\nSuite: stable\nDate: ${date}\nSHA256:\n ${empty} 0 Packages\n`;
  writeFileSync(path.join(folder, "Release"), release);
  return folder;
}

test.runIf(hasApt)("an archive that nobody signed is refused", async () => {
  const mirror = makeUnsigned();
  await expect(open(`file:${mirror} ./`)).rejects.toThrow(/`apt-get update` failed: .*/);
});

test.runIf(hasApt && isOnPath("gpg", programs))(
  "an archive that somebody else signed is refused",
  async () => {
    const mirror = makeUnsigned();
    const home = path.join(mirror, "keys");
    mkdirSync(home, { mode: 0o700 });
    const gpg = (...args: readonly string[]) =>
      execFileSync("gpg", ["--batch", "--homedir", home, "--passphrase", "", ...args], {
        stdio: "ignore",
      });
    gpg("--quick-generate-key", "somebody@else.example", "ed25519");
    gpg("--clearsign", "-o", path.join(mirror, "InRelease"), path.join(mirror, "Release"));
    execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
    await expect(open(`file:${mirror} ./`)).rejects.toThrow(/not signed|NO_PUBKEY|signature/i);
  },
);

test.runIf(hasApt)(
  "a mirror that is not there is a failure, and leaves the host's own apt as it is",
  async () => {
    const lists = "/var/lib/apt/lists";
    const before = statSync(lists).mtimeMs;
    const status = readFileSync("/var/lib/dpkg/status");
    const opened = open("http://127.0.0.1:1/debian bookworm main");
    await expect(opened).rejects.toMatchObject({ code: "setup_failed" });
    expect(statSync(lists).mtimeMs).toBe(before);
    expect(readFileSync("/var/lib/dpkg/status").equals(status)).toBe(true);
  },
);
