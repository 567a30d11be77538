import { inside, type MachineShape } from "./shape.ts";

/** Where it writes itself to. */
export const savePath = `${inside.machine}/save`;

/** Descriptors that QEMU is started with. */
export const descriptors = { snapshot: 3, guest: 4, monitor: 5 } as const;

/** Without a frequency that is said, a machine without timers of old hangs when it begins. */
const commandLine =
  "console=ttyS0 quiet loglevel=1 tsc_early_khz=2000000 tsc=reliable reboot=t panic=-1 random.trust_cpu=on";
/** It is slow enough without them, and nobody else is on its processor. */
const emulated = "mitigations=off";
const translationMebibytes = 128;

/** The devices are the same whether it boots or goes on from a snapshot: a snapshot fits no others. */
function toDevices({ accelerator, memoryMebibytes }: MachineShape): readonly string[] {
  const isEmulated = accelerator === "tcg";
  return [
    ["-M", "microvm,rtc=off,pit=off,pic=off,isa-serial=on"],
    ["-accel", isEmulated ? `tcg,tb-size=${translationMebibytes}` : "kvm"],
    ["-cpu", isEmulated ? "max" : "host"],
    ["-m", String(memoryMebibytes), "-smp", "1"],
    ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ["-serial", "chardev:console"],
    toDisk("root", `${inside.image}/root.ext4`),
    toDisk("pack", inside.pack),
    ["-device", "virtio-serial-device"],
    ["-chardev", `socket,id=guest,fd=${descriptors.guest}`],
    ["-device", "virtserialport,chardev=guest,name=guest"],
  ].flat();
}

const toDisk = (id: string, file: string): readonly string[] => [
  "-drive",
  `id=${id},file=${file},format=raw,if=none,readonly=on,file.locking=off`,
  "-device",
  `virtio-blk-device,drive=${id}`,
];

export const toBootArguments = (shape: MachineShape): readonly string[] => [
  ...toDevices(shape),
  "-kernel",
  `${inside.image}/kernel`,
  "-initrd",
  inside.initrd,
  "-append",
  shape.accelerator === "tcg" ? `${commandLine} ${emulated}` : commandLine,
  "-chardev",
  "stdio,id=console,signal=off",
  "-chardev",
  `socket,id=monitor,fd=${descriptors.monitor}`,
  "-mon",
  "chardev=monitor,mode=control",
];

/** It goes on by itself once it is there. What it says on its console goes nowhere. */
export const toRestoreArguments = (shape: MachineShape): readonly string[] => [
  ...toDevices(shape),
  "-chardev",
  "null,id=console",
  "-incoming",
  `fd:${descriptors.snapshot}`,
];

/** What a snapshot depends on: it fits no machine that is started otherwise. */
export const toQemuKey = (shape: MachineShape): string =>
  JSON.stringify([toBootArguments(shape), toRestoreArguments(shape)]);
