import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lookForMachineImage, lookForRunsc } from "../sandbox-tools.ts";
import { proving } from "../scale.ts";
import { createHome } from "./home.ts";

/** A directory for what is set up that is this test's own, and that other users get into. */
function makePlace(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-setup-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  return path.join(folder, "sandboxes");
}

async function setUp(driver: string, variables: Readonly<Record<string, string>> = {}) {
  const home = createHome();
  const place = makePlace();
  Object.assign(home.environment, { COUNTERSIGN_SANDBOXES: place }, variables);
  return { place, ...(await home.run("sandbox", "setup", driver, "--yes")) };
}

/** The canary decides, and what is said follows it. */
const expectEnd = (driver: string, { code, out }: Awaited<ReturnType<typeof setUp>>) =>
  expect([code, out.split("\n")[0]]).toEqual(
    code === 0
      ? [0, expect.stringMatching(`^${driver} is usable: tier T[23]$`)]
      : [1, `${driver}: set up, and not usable`],
  );

test("gVisor comes from Debian's archive, by one command", async ({ skip }) => {
  const { reason } = await lookForRunsc();
  skip(reason !== null, reason ?? "");
  const ended = await setUp("gvisor");
  const file = path.join(ended.place, "bin", "runsc");
  expect(ended.err).toContain("from Debian's signed archive (deb.debian.org)");
  expect(ended.err).toContain(`It goes to ${file}`);
  expect(ended.out).toMatch(/^ {2}runsc 0\.0~\d{8}\.\S+ is at /m);
  expectEnd("gvisor", ended);
  expect(statSync(file).mode & 0o777).toBe(0o755);
  expect(execFileSync(file, ["--version"], { encoding: "utf8" })).toMatch(/^runsc version 0\.0~/);
  expect(readdirSync(path.join(ended.place, "bin"))).toEqual(["runsc"]);
  expect(readdirSync(path.join(ended.place, "making"))).toEqual([]);
}, 60_000);

const readImage = (folder: string) =>
  JSON.parse(readFileSync(path.join(folder, "image.json"), "utf8")) as {
    readonly digest: string;
    readonly lock: readonly object[];
  };

test("a machine's image is made by one command, and again the same", async ({ skip }) => {
  // What other tests start from is made by the same parts, once.
  skip(!proving, "it takes minutes, so it is made again only where all is proven");
  const { path: earlier, reason } = await lookForMachineImage();
  skip(earlier === null, reason ?? "");
  const ended = await setUp("qemu");
  expectEnd("qemu", ended);
  const image = realpathSync(path.join(ended.place, "machine"));
  expect(ended.out).toContain(`packages is at ${image}`);
  expect(readdirSync(image).toSorted()).toEqual(
    ["image.json", "initrd", "kernel", "root.ext4", "vmlinux"].toSorted(),
  );
  const [made, before] = [readImage(image), readImage(earlier ?? "")];
  expect(path.basename(image)).toBe(made.digest.replace("sha256:", ""));
  // Debian may have mended something between the two.
  if (JSON.stringify(made.lock) === JSON.stringify(before.lock))
    expect(made.digest).toBe(before.digest);
  // Two images and a machine without KVM: under a minute, and three on a machine that has much else to do.
}, 600_000);

test("where the mirror cannot be reached nothing is left, and the reason is said", async () => {
  const { code, err, place } = await setUp("gvisor", { http_proxy: "http://127.0.0.1:1" });
  expect(code).toBe(1);
  expect(err).toMatch(/^error (?:`apt-get update` failed: |.* is not on this machine)/m);
  expect(existsSync(path.join(place, "bin"))).toBe(false);
});

test("Firecracker is refused where it has not what it needs, before anything is fetched", async () => {
  const { code, out, err, place } = await setUp("firecracker", { PATH: "/no-such-folder" });
  expect(code).toBe(1);
  expect(err).toMatch(/installed if its SHA-256 is [0-9a-f]{64}\.$/m);
  expect(out).toMatch(/^firecracker: nothing was set up\n {2}(?:Firecracker needs|`tar` is not)/);
  expect(existsSync(place)).toBe(false);
});

test("a directory of another one than this machine's is not guessed", async () => {
  const home = createHome();
  Object.assign(home.environment, { COUNTERSIGN_SANDBOXES: "sandboxes" });
  const { code, err } = await home.run("sandbox", "setup", "gvisor", "--yes");
  expect([code, err.split("\n")[0]]).toEqual([
    2,
    "error COUNTERSIGN_SANDBOXES has to be an absolute path.",
  ]);
});
