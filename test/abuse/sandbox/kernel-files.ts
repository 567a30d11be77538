import { expect } from "vitest";
import type { Attempt } from "./attempt.ts";

/** What the kernel offers as files: settings, groups and devices. */
export const kernelFiles: readonly Attempt[] = [
  {
    name: "settings: what the kernel runs as root",
    guards: "host",
    program: String.raw`
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/sys/kernel/uevent_helper", "/proc/sys/fs/binfmt_misc/register", "/proc/sys/kernel/poweroff_cmd"):
    attempt(path, lambda: os.open(path, os.O_WRONLY))
for path in glob.glob("/sys/fs/cgroup/**/release_agent", recursive=True)[:20]:
    attempt(path, lambda: os.open(path, os.O_WRONLY))
`,
  },
  {
    name: "settings: of the kernel",
    guards: "host",
    program: String.raw`
for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/hostname", "/proc/sys/kernel/randomize_va_space", "/proc/sys/kernel/yama/ptrace_scope", "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/drop_caches", "/proc/sys/user/max_user_namespaces", "/proc/sys/net/ipv4/ip_forward", "/proc/irq/default_smp_affinity", "/proc/mtrr"):
    attempt(path, lambda: os.open(path, os.O_WRONLY))
attempt("the next process's number", lambda: write("/proc/sys/kernel/ns_last_pid", "100"))
for path in ("uid_map", "gid_map", "projid_map"):
    attempt(path, lambda: write("/proc/self/" + path, "0 0 1"))
`,
  },
  {
    name: "settings: its own limits in its groups",
    guards: "host",
    program: String.raw`
look("groups", lambda: read("/proc/self/cgroup"))
for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"):
    attempt("leave for " + top, lambda: write(top + "/cgroup.procs", "0"))
    attempt("a group under " + top, lambda: os.mkdir(top + "/of-the-sandbox"))
for name in ("pids.max", "memory.max", "memory.limit_in_bytes", "cpu.max", "cpu.cfs_quota_us"):
    for path in glob.glob("/sys/fs/cgroup/**/" + name, recursive=True)[:5] or ["/sys/fs/cgroup/" + name]:
        attempt(path, lambda: os.open(path, os.O_WRONLY))
`,
  },
  {
    name: "kernel's memory and log",
    guards: "host",
    program: String.raw`
for path in ("/proc/kcore", "/proc/kmsg", "/dev/kmsg", "/proc/vmcore", "/proc/kpagecount", "/sys/kernel/debug/tracing/trace", "/sys/kernel/security/lockdown", "/sys/firmware/efi/efivars"):
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else read(path, 16))
look("symbols", lambda: [line for line in open("/proc/kallsyms").read(4000).splitlines()[:-1] if int(line.split()[0], 16) != 0])
`,
    check: ({ report }) => {
      const symbols = report.seen["symbols"];
      if (Array.isArray(symbols)) expect(symbols).toEqual([]);
      else expect(symbols).toMatch(/^refused/);
    },
  },
  {
    name: "devices: open those of the host",
    guards: "host",
    program: String.raw`
for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/loop-control", "/dev/loop0", "/dev/sda", "/dev/vda", "/dev/nvme0n1", "/dev/dm-0", "/dev/vsock", "/dev/vhost-net", "/dev/userfaultfd", "/dev/hwrng", "/dev/console", "/dev/tty0", "/dev/input/event0", "/dev/dri/card0"):
    attempt(path, lambda: os.open(path, os.O_RDONLY | os.O_NONBLOCK))
look("all", lambda: sorted(os.listdir("/dev")))
`,
    check: ({ report, tier }) => {
      // gVisor has two of its own kernel's.
      const own = tier === "T2" ? ["fuse", "net"] : [];
      const usual =
        /^(core|console|fd|full|mqueue|null|ptmx|pts|random|shm|std(in|out|err)|tty|urandom|zero)$/;
      const all = report.seen["all"] as string[];
      expect(all.filter((name) => !usual.test(name) && !own.includes(name))).toEqual([]);
    },
  },
  {
    name: "devices: make them, and open them",
    guards: "host",
    program: String.raw`
def made(path, kind, device):
    os.mknod(path, kind, os.makedev(*device))
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
def made_by_call(path, kind, device):
    call(133, path.encode(), kind, os.makedev(*device))
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
for name, kind, device in (("memory", 0o020666, (1, 1)), ("disk", 0o060666, (8, 0)), ("loop", 0o060666, (7, 0))):
    attempt(name, lambda: made(here + "/" + name, kind, device))
    attempt(name + " by mknod", lambda: made_by_call(here + "/old-" + name, kind, device))
    attempt(name + " in /dev", lambda: made("/dev/of-" + name, kind, device))
    attempt(name + " in shared memory", lambda: made("/dev/shm/" + name, kind, device))
`,
    processor: "x64",
  },
  {
    // A kernel of its own may have these itself.
    name: "devices: make those of the kernel",
    guards: "kernel",
    program: String.raw`
for name, device in (("tun", (10, 200)), ("fuse", (10, 229))):
    attempt(name, lambda: os.mknod(here + "/" + name, 0o020666, os.makedev(*device)))
    attempt(name + " by mknod", lambda: call(133, (here + "/old-" + name).encode(), 0o020666, os.makedev(*device)))
    attempt(name + " in /dev", lambda: os.mknod("/dev/of-" + name, 0o020666, os.makedev(*device)))
    attempt(name + " in shared memory", lambda: os.mknod("/dev/shm/" + name, 0o020666, os.makedev(*device)))
`,
    processor: "x64",
  },
];
