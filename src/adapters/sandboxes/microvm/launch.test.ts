import { existsSync, statSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { waitForExit } from "../host/exit.ts";
import { findPrograms } from "../host/find-programs.ts";
import { readHostRoot } from "../host/host-root.ts";
import { launch, type Seen } from "./launch.ts";

const path = "/usr/bin:/bin:/usr/sbin:/sbin";
const needed = { bwrap: "bubblewrap", env: "coreutils", sh: "dash", setpriv: "util-linux" };
const programs = process.platform === "linux" ? await findPrograms(path, needed) : null;
const hasPrograms = programs !== null && !("kind" in programs);
const isRoot = process.getuid?.() === 0;
const kvm = "/dev/kvm";
const canUse = existsSync(kvm) && statSync(kvm).gid !== 0 && (statSync(kvm).mode & 0o060) === 0o060;

async function run(seen: readonly Seen[], script: string): Promise<string> {
  if (!hasPrograms) throw new Error("it runs nowhere");
  const child = launch({
    programs: { ...programs, mke2fs: "" },
    system: await readHostRoot(),
    groups: [],
    become: isRoot ? 71_950 : null,
    seen,
    command: ["/usr/bin/sh", "-c", script],
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = Promise.all([text(child.stdout!), text(child.stderr!)]);
  await waitForExit(child);
  return (await said).join("").trim();
}

test.runIf(hasPrograms && isRoot && canUse)(
  "as root, too, a machine opens KVM, by the group that its device is for",
  async () => {
    const seen = [{ kind: "device", source: kvm, path: kvm }] as const;
    expect(await run(seen, ": <> /dev/kvm && echo opened")).toBe("opened");
  },
);

test.runIf(hasPrograms && isRoot)("without a device it is in no group but its own", async () => {
  expect(await run([], "sed -n s/^Groups:.//p /proc/self/status; ls /dev/kvm")).toMatch(
    /^ls: .*No such file/,
  );
});
