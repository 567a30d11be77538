/** What holds a machine's processor: the host's own, or a program that plays one. */
export type Accelerator = "kvm" | "tcg";

export interface MachineShape {
  readonly accelerator: Accelerator;
  readonly memoryMebibytes: number;
}

/** Where a machine's own files are, as what runs it sees them. */
export const inside = {
  image: "/image",
  machine: "/machine",
  initrd: "/machine/initrd",
  pack: "/pack",
  template: "/template",
} as const;
