/**
 * What a sandboxed program has no use for, and what has let programs out of sandboxes before. Each is
 * answered EPERM; the numbers of an architecture are in its own table.
 */
export const deniedCalls = [
  // Namespaces: those of `clone` are looked for in its flags.
  "unshare",
  "setns",
  "pivot_root",
  "chroot",
  // Mounts, by the old and the new calls.
  "mount",
  "umount2",
  "open_tree",
  "move_mount",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "mount_setattr",
  "statmount",
  "listmount",
  "open_tree_attr",
  // Keyrings are not divided by namespaces.
  "add_key",
  "request_key",
  "keyctl",
  // Wide doors into the kernel.
  "bpf",
  "io_uring_enter",
  "io_uring_register",
  "userfaultfd",
  "perf_event_open",
  "fanotify_init",
  "fanotify_mark",
  "vmsplice",
  "memfd_secret",
  // Other processes' memory and descriptors.
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
  "kcmp",
  "pidfd_getfd",
  "process_madvise",
  "process_mrelease",
  "move_pages",
  "migrate_pages",
  "mbind",
  "set_mempolicy",
  "get_mempolicy",
  "set_mempolicy_home_node",
  // Handles that lead past the checks of a path.
  "name_to_handle_at",
  "open_by_handle_at",
  // The machine.
  "kexec_load",
  "kexec_file_load",
  "init_module",
  "finit_module",
  "delete_module",
  "reboot",
  "swapon",
  "swapoff",
  "syslog",
  "acct",
  "quotactl",
  "quotactl_fd",
  "settimeofday",
  "clock_settime",
  "clock_adjtime",
  "adjtimex",
  "sethostname",
  "setdomainname",
  "vhangup",
  "personality",
] as const;
type DeniedCall = (typeof deniedCalls)[number];

/** What the filter has to know of a processor. */
export interface SyscallTable {
  /** As the kernel names it in `struct seccomp_data`. */
  readonly architecture: number;
  /** Numbers from here on belong to another calling convention; null: there is none. */
  readonly foreignFrom: number | null;
  readonly numbers: Readonly<Record<DeniedCall | FilteredCall, number>>;
  /** Denied, too, and known to this processor alone. */
  readonly own: Readonly<Record<string, number>>;
}

/** Judged by their arguments, or answered ENOSYS so that a program does without. */
type FilteredCall =
  | "socket"
  | "socketpair"
  | "clone"
  | "clone3"
  | "ioctl"
  | "io_uring_setup"
  | "mknodat";

export const x64: SyscallTable = {
  architecture: 0xc000003e,
  // The x32 convention shares the architecture: its numbers carry this bit.
  foreignFrom: 0x40000000,
  numbers: {
    socket: 41,
    socketpair: 53,
    clone: 56,
    clone3: 435,
    ioctl: 16,
    io_uring_setup: 425,
    mknodat: 259,
    unshare: 272,
    setns: 308,
    pivot_root: 155,
    chroot: 161,
    mount: 165,
    umount2: 166,
    open_tree: 428,
    move_mount: 429,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
    fspick: 433,
    mount_setattr: 442,
    statmount: 457,
    listmount: 458,
    open_tree_attr: 467,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    bpf: 321,
    io_uring_enter: 426,
    io_uring_register: 427,
    userfaultfd: 323,
    perf_event_open: 298,
    fanotify_init: 300,
    fanotify_mark: 301,
    vmsplice: 278,
    memfd_secret: 447,
    ptrace: 101,
    process_vm_readv: 310,
    process_vm_writev: 311,
    kcmp: 312,
    pidfd_getfd: 438,
    process_madvise: 440,
    process_mrelease: 448,
    move_pages: 279,
    migrate_pages: 256,
    mbind: 237,
    set_mempolicy: 238,
    get_mempolicy: 239,
    set_mempolicy_home_node: 450,
    name_to_handle_at: 303,
    open_by_handle_at: 304,
    kexec_load: 246,
    kexec_file_load: 320,
    init_module: 175,
    finit_module: 313,
    delete_module: 176,
    reboot: 169,
    swapon: 167,
    swapoff: 168,
    syslog: 103,
    acct: 163,
    quotactl: 179,
    quotactl_fd: 443,
    settimeofday: 164,
    clock_settime: 227,
    clock_adjtime: 305,
    adjtimex: 159,
    sethostname: 170,
    setdomainname: 171,
    vhangup: 153,
    personality: 135,
  },
  own: {
    mknod: 133,
    uselib: 134,
    modify_ldt: 154,
    iopl: 172,
    ioperm: 173,
    create_module: 174,
    get_kernel_syms: 177,
    query_module: 178,
    nfsservctl: 180,
    lookup_dcookie: 212,
    // Newer than the others, and not on every processor yet.
    listns: 470,
  },
};
