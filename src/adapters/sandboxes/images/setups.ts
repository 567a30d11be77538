import path from "node:path";
import type { Clock } from "../../../ports/clock.ts";
import type { Missing } from "../host/find-programs.ts";
import { firecrackerRelease } from "./firecracker-release.ts";
import { findAbsent, installPackages, type Needed } from "./install-packages.ts";
import { buildMachineImage, toMachinePlace } from "./machine-image.ts";
import { setupFirecracker } from "./setup-firecracker.ts";
import { setupRunsc } from "./setup-runsc.ts";
import type { Workshop } from "./workshop.ts";

export const setupNames = ["bubblewrap", "gvisor", "qemu", "firecracker"] as const;
export type SetupName = (typeof setupNames)[number];

/** How one driver gets what it needs on this machine. */
export interface Setup {
  /** What it would fetch, from where, how large, and where that goes: said before anything is done. */
  readonly lines: readonly string[];
  readonly steps: readonly Step[];
}

/** Gives what was made, one plain sentence each. Throws `setup_failed`. */
export type Step = () => Promise<readonly string[] | Missing>;

export interface CarriedOut {
  readonly made: readonly string[];
  /** What kept it from more; null: all of it is made. */
  readonly missing: Missing | null;
}

/** One after the other, until one lacks something: what was made by then is there. */
export async function carryOut(steps: readonly Step[]): Promise<CarriedOut> {
  const made: string[] = [];
  for (const step of steps) {
    const done = await step();
    if ("kind" in done) return { made, missing: done };
    made.push(...done);
  }
  return { made, missing: null };
}

export interface SetupTools {
  readonly workshop: Workshop;
  readonly clock: Clock;
}

const bubblewrap: Needed = { bwrap: "bubblewrap" };
const qemu: Needed = { "qemu-system-x86_64": "qemu-system-x86", mke2fs: "e2fsprogs" };
const fileSystems: Needed = { mke2fs: "e2fsprogs" };

const ofArchive = "from Debian's signed archive (deb.debian.org)";
const untouched = "This system's own packages, and the state of its apt, are left as they are.";

const setups: Readonly<Record<SetupName, (tools: SetupTools) => Promise<Setup>>> = {
  bubblewrap: async ({ workshop }) => ({
    lines: [
      "bubblewrap makes sandboxes of tier T1: namespaces, a filter of system calls, limits.",
      ...(await describePackages(workshop, bubblewrap)),
    ],
    steps: [() => install(workshop, bubblewrap)],
  }),
  gvisor: async ({ workshop }) => ({
    lines: [
      "gVisor makes sandboxes of tier T2: a kernel of its own in user space, one program named runsc.",
      `It is fetched ${ofArchive}, suite bookworm-backports: 7 MB, and lists of packages of 0.4 MB.`,
      `It goes to ${path.join(workshop.directory, "bin", "runsc")}, 30 MB. ${untouched}`,
    ],
    steps: [
      async () => {
        const made = await setupRunsc(workshop);
        return made.kind === "missing" ? made : [`runsc ${made.version} is at ${made.path}`];
      },
    ],
  }),
  qemu: async ({ workshop }) => ({
    lines: [
      "QEMU makes sandboxes of tier T3: virtual machines, each with a Linux of its own.",
      ...(await describePackages(workshop, qemu)),
      ...describeImage(workshop),
    ],
    steps: [() => install(workshop, qemu), () => makeImage(workshop)],
  }),
  firecracker: async ({ workshop, clock }) => ({
    lines: [
      "Firecracker makes sandboxes of tier T3 on KVM: virtual machines, each with a Linux of its own. It needs Linux on x64 and a KVM that works.",
      `Release ${firecrackerRelease.version} is fetched from its project (github.com), 8 MB, and installed if its SHA-256 is ${firecrackerRelease.sha256}.`,
      "That SHA-256 was collected from other repositories and never compared with the project's own page: compare it there first.",
      `It goes to ${path.join(workshop.directory, "bin", "firecracker")}.`,
      ...(await describePackages(workshop, fileSystems)),
      ...describeImage(workshop),
    ],
    steps: [
      async () => {
        const made = await setupFirecracker(workshop, { clock });
        if (made.kind === "missing") return made;
        return [`Firecracker ${made.version} is at ${made.path}`];
      },
      () => install(workshop, fileSystems),
      () => makeImage(workshop),
    ],
  }),
};

export const openSetup = (name: SetupName, tools: SetupTools): Promise<Setup> =>
  setups[name](tools);

async function describePackages(
  { path: folders }: Workshop,
  needed: Needed,
): Promise<readonly string[]> {
  const absent = await findAbsent(folders, needed);
  return absent.length === 0
    ? [`Of this system's packages there is already: ${Object.values(needed).join(", ")}.`]
    : [`Of this system's packages apt-get installs, as root: ${absent.join(", ")}.`];
}

const describeImage = ({ directory }: Workshop): readonly string[] => [
  `What machines start from is made of packages ${ofArchive}, suites bookworm and bookworm-security: 55 MB, and lists of packages of 9 MB; the Node that runs this command is put in.`,
  `It goes to ${path.join(directory, "images")}, 260 MB, and ${toMachinePlace(directory)} points to it. ${untouched}`,
];

async function install(workshop: Workshop, needed: Needed): Promise<readonly string[] | Missing> {
  const installed = await installPackages(workshop, needed);
  if ("kind" in installed) return installed;
  return installed.map((name) => `${name} is installed`);
}

async function makeImage(workshop: Workshop): Promise<readonly string[] | Missing> {
  const made = await buildMachineImage(workshop);
  if (made.kind === "missing") return made;
  return [`an image of ${made.lock.length} packages is at ${made.path}`];
}
