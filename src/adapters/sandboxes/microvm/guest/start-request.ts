/** What the host tells the guest of the one program that it starts. The host has judged all of it. */
export interface StartRequest {
  /** Whether it is only to have its files read before the machine is copied. */
  readonly isWarmUp: boolean;
  /** What bwrap is told, without the descriptors that the guest gives it. */
  readonly box: readonly string[];
  readonly command: readonly string[];
  /** Where the program is looked for, as in PATH. */
  readonly path: string;
  /** Where it starts, as it sees it. */
  readonly directory: string;
  /** Paths that lie in the disk of its mounts. */
  readonly mounts: readonly string[];
  /** Files of no disk, at places that the box takes them from. */
  readonly files: Readonly<Record<string, string>>;
  readonly hasProxy: boolean;
  readonly proxyPort: number;
  readonly limits: {
    readonly memoryBytes: number;
    readonly processes: number;
    readonly cpuMillis: number;
    readonly openFiles: number;
  };
}

/** What becomes of the machine's time and chance before anything is started. */
export interface AttachRequest {
  readonly entropy: string;
  readonly nowMs: number;
}

export interface EndedReport {
  /** Null: it was never started. */
  readonly exitCode: number | null;
  readonly memoryPeakBytes: number | null;
  readonly refusedProcesses: number | null;
  readonly memoryKills: number | null;
}

/** Where the machine has what lies on disks and in its memory. */
export const places = {
  guest: "/run/guest",
  streams: "/run/streams",
  /** The disk of the mounts. */
  pack: "/run/pack",
  packDisk: "/dev/vdb",
  files: "/run/files",
  group: "/sys/fs/cgroup/program",
} as const;
