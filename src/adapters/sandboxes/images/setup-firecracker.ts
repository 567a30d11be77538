import { hash } from "node:crypto";
import { access, chmod, constants, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../model/index.ts";
import type { Clock } from "../../../ports/clock.ts";
import { findPrograms, type Missing } from "../host/find-programs.ts";
import { fetchRelease } from "./fetch-release.ts";
import { firecrackerRelease, type Release } from "./firecracker-release.ts";
import { runTool } from "./run-tool.ts";
import type { MadeProgram } from "./setup-runsc.ts";
import { inStaging, moveInto, openDirectory } from "./staging.ts";
import { missing, type Workshop } from "./workshop.ts";

const unpackMs = 60_000;

export interface FirecrackerOptions {
  readonly clock: Clock;
  readonly release?: Release;
  readonly kvm?: string;
}

/** Firecracker, one static program, from its project's own release: this one and no other. */
export async function setupFirecracker(
  workshop: Workshop,
  { clock, release = firecrackerRelease, kvm = "/dev/kvm" }: FirecrackerOptions,
): Promise<MadeProgram | Missing> {
  const { directory, onStep } = workshop;
  const lack = await findLackOfKvm(kvm);
  if (lack !== null) return lack;
  const programs = await findPrograms(workshop.path, { tar: "tar", gzip: "gzip" });
  if ("kind" in programs) return programs;
  const closed = await openDirectory(directory);
  if (closed !== null) return closed;
  return inStaging(workshop, async (staging) => {
    onStep(`fetching Firecracker ${release.version}`);
    const archive = path.join(staging, "firecracker.tgz");
    await writeFile(archive, await fetchRelease(release, clock));
    const unpacked = path.join(staging, "unpacked");
    await mkdir(unpacked);
    await runTool({
      program: programs.tar,
      args: ["-xzf", archive, "-C", unpacked, release.member],
      environment: { PATH: workshop.path, LC_ALL: "C" },
      directory: staging,
      withinMs: unpackMs,
    });
    const made = path.join(unpacked, release.member);
    if (hash("sha256", await readFile(made), "hex") !== release.programSha256)
      throw new Fault(
        "setup_failed",
        "The program in the release is not the one that was asked for.",
      );
    await chmod(made, 0o755);
    const place = path.join(directory, "bin", "firecracker");
    await moveInto(place, made);
    return { kind: "made", path: place, version: release.version };
  });
}

/** Whether a machine really starts with it is what the canary finds out. */
async function findLackOfKvm(kvm: string): Promise<Missing | null> {
  if (process.platform !== "linux" || process.arch !== "x64")
    return missing("Firecracker needs Linux on x64: its images are made for that alone", null);
  const isUsable = await access(kvm, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (isUsable) return null;
  return missing(
    `Firecracker needs KVM, and ${kvm} cannot be opened by this user`,
    `ls -l ${kvm}, and on a virtual machine: allow nested virtualisation`,
  );
}
