import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { fail, ok, runProgram, warn, type Finding, type Probe } from "./probe.ts";

/**
 * What of each sandbox tier this machine has. These look at the parts; that a sandbox as a whole
 * holds is tried with a canary when one is made.
 */
export const sandboxProbes: readonly Probe[] = [
  { name: "user namespaces", look: lookAtNamespaces },
  { name: "bubblewrap (T1)", look: lookAtBubblewrap },
  { name: "gVisor (T2)", look: lookAtGvisor },
  { name: "KVM (T3)", look: lookAtKvm },
];

async function lookAtNamespaces(): Promise<Finding> {
  if (process.platform !== "linux") return warn(`there are none on ${process.platform}`);
  const ran = await runProgram("unshare", ["--user", "--map-root-user", "true"]);
  if (ran.kind === "missing") {
    const limit = await readFile("/proc/sys/user/max_user_namespaces", "utf8").catch(() => "0");
    return Number(limit) > 0
      ? warn("allowed by the kernel, not tried: `unshare` is not installed")
      : warn("switched off", "sysctl user.max_user_namespaces=15000");
  }
  if (ran.code === 0) return ok("one was made");
  return warn(
    `refused (${ran.output})`,
    "Allow them (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, or the container's seccomp profile); without them stdio servers are refused.",
  );
}

async function lookAtBubblewrap(): Promise<Finding> {
  const version = await runProgram("bwrap", ["--version"]);
  if (version.kind === "missing") {
    return warn(
      "not installed: stdio servers cannot be sandboxed and are refused",
      "apt-get install bubblewrap",
    );
  }
  const args = ["--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "true"];
  const ran = await runProgram("bwrap", args);
  if (ran.kind === "ran" && ran.code === 0) return ok(`${version.output}, a sandbox was made`);
  return warn(
    `${version.output}, but no sandbox can be made${ran.kind === "ran" ? ` (${ran.output})` : ""}`,
    "Allow user namespaces; without them stdio servers are refused.",
  );
}

async function lookAtGvisor(): Promise<Finding> {
  const ran = await runProgram("runsc", ["--version"]);
  if (ran.kind === "missing") {
    return warn(
      "runsc is not installed: tools that policy puts in T2 are refused",
      "https://gvisor.dev/docs/user_guide/install/",
    );
  }
  return ran.code === 0 ? ok(ran.output) : fail(`runsc fails (${ran.output})`, "Reinstall runsc.");
}

async function lookAtKvm(): Promise<Finding> {
  try {
    const device = await open("/dev/kvm", constants.O_RDWR);
    await device.close();
    return ok("/dev/kvm opens; whether a microVM boots is tried when one is made");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      return warn(
        "there is no /dev/kvm: microVMs run in software, slowly",
        "Use a machine or an instance type with (nested) virtualisation.",
      );
    }
    return warn(`/dev/kvm does not open (${code})`, "Put this user into the group kvm.");
  }
}
