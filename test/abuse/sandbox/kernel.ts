import { expect } from "vitest";
import type { Attempt } from "./attempt.ts";

/** System calls that lead into the kernel or out of the namespaces; numbers are those of x86-64. */
const calls: readonly Omit<Attempt, "guards" | "processor">[] = [
  {
    name: "namespaces: unshare each kind",
    program: String.raw`
kinds = {"user": 0x10000000, "network": 0x40000000, "mounts": 0x20000, "processes": 0x20000000, "ipc": 0x8000000, "names": 0x4000000, "groups": 0x2000000, "time": 0x80}
for kind, flag in kinds.items():
    attempt(kind, lambda: apart(lambda: call(272, flag)))
    attempt("user and " + kind, lambda: apart(lambda: call(272, flag | 0x10000000)))
`,
  },
  {
    name: "namespaces: clone and clone3 with their flags",
    program: String.raw`
for kind, flag in {"user": 0x10000000, "network": 0x40000000, "mounts": 0x20000, "processes": 0x20000000}.items():
    attempt("clone " + kind, lambda: apart(lambda: call(56, flag | 17, 0, 0, 0, 0)))
    attempt("clone3 " + kind, lambda: apart(lambda: call(435, struct.pack("<8Q", flag, 0, 0, 0, 17, 0, 0, 0), 64)))
`,
  },
  {
    name: "namespaces: join those of another process",
    program: String.raw`
for kind in ("user", "net", "mnt", "pid", "ipc", "uts", "cgroup", "time"):
    attempt("of the first process: " + kind, lambda: call(308, os.open("/proc/1/ns/" + kind, os.O_RDONLY), 0))
attempt("by a process descriptor", lambda: call(308, os.pidfd_open(os.getppid() or 1), 0x7e020000))
`,
  },
  {
    name: "namespaces: with the system's own tools",
    program: String.raw`
attempt("unshare", lambda: run("/usr/bin/unshare", "-Ur", "true"))
attempt("unshare of mounts", lambda: run("/usr/bin/unshare", "-Urm", "true"))
attempt("nsenter", lambda: run("/usr/bin/nsenter", "-t", "1", "-m", "-u", "-i", "-n", "true"))
attempt("bwrap", lambda: run("/usr/bin/bwrap", "--ro-bind", "/", "/", "true"))
attempt("chroot", lambda: run("/usr/sbin/chroot", "/", "true"))
`,
  },
  {
    name: "mounts: mount, bind and remount",
    program: String.raw`
os.mkdir("at")
at = here.encode() + b"/at"
MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC = 32, 4096, 8192, 16384
for kind in (b"tmpfs", b"proc", b"sysfs", b"cgroup", b"cgroup2", b"overlay", b"debugfs", b"devpts", b"fuse"):
    attempt(kind.decode(), lambda: call(165, b"none", at, kind, 0, b""))
attempt("bind", lambda: call(165, b"/", at, b"", MS_BIND | MS_REC, 0))
attempt("move", lambda: call(165, b"/proc", at, b"", MS_MOVE, 0))
for path in (b"/", b"/usr", b"/dev", b"/proc"):
    attempt("write again to " + path.decode(), lambda: call(165, b"", path, b"", MS_REMOUNT | MS_BIND, 0))
attempt("shared", lambda: call(165, b"", b"/", b"", 1 << 20, 0))
`,
  },
  {
    name: "mounts: take away what covers something",
    program: String.raw`
for path in (b"/proc", b"/dev", b"/tmp", b"/usr", b"/dev/shm", b"/", here.encode()):
    attempt("umount " + path.decode(), lambda: call(166, path, 0))
    attempt("lazily " + path.decode(), lambda: call(166, path, 2))
`,
  },
  {
    name: "mounts: by the new calls",
    program: String.raw`
attempt("fsopen", lambda: call(430, b"tmpfs", 0))
attempt("open_tree", lambda: call(428, -100, b"/", 1))
attempt("open_tree_attr", lambda: call(467, -100, b"/", 1, 0, 0))
attempt("fspick", lambda: call(433, -100, b"/", 0))
attempt("fsconfig", lambda: call(431, 0, 6, 0, 0, 0))
attempt("fsmount", lambda: call(432, 0, 0, 0))
attempt("move_mount", lambda: call(429, -100, b"/proc", -100, b"/tmp", 0))
attempt("mount_setattr", lambda: call(442, -100, b"/", 0, struct.pack("<4Q", 0, 1, 0, 0), 32))
attempt("statmount", lambda: call(457, struct.pack("<IIQQQ", 32, 0, 1, 1, 0), ctypes.create_string_buffer(512), 512, 0))
attempt("listmount", lambda: call(458, struct.pack("<IIQQQ", 32, 0, 0xffffffffffffffff, 0, 0), ctypes.create_string_buffer(512), 64, 0))
`,
  },
  {
    name: "mounts: another root",
    program: String.raw`
attempt("pivot_root", lambda: call(155, b".", b"."))
attempt("chroot", lambda: apart(lambda: os.chroot(".")))
attempt("chroot twice", lambda: apart(lambda: (os.chroot(here), os.chdir("../../../../.."), os.chroot("."))))
`,
  },
  {
    name: "keyrings: add, ask for and search keys",
    program: String.raw`
attempt("add_key", lambda: call(248, b"user", b"abuse", b"value", 5, -3))
attempt("request_key", lambda: call(249, b"user", b"abuse", 0, -3))
attempt("its session's", lambda: call(250, 0, -3, 1))
attempt("search", lambda: call(250, 10, -4, b"user", b"abuse", 0))
attempt("its user's", lambda: call(250, 11, -4, ctypes.create_string_buffer(256), 256))
`,
  },
  {
    name: "kernel: bpf, io_uring, perf, userfaultfd",
    program: String.raw`
room = ctypes.create_string_buffer(256)
attempt("a map of bpf", lambda: call(321, 0, struct.pack("<IIII", 2, 4, 4, 1) + bytes(112), 128))
attempt("a program of bpf", lambda: call(321, 5, bytes(128), 128))
attempt("io_uring_setup", lambda: call(425, 8, room))
attempt("io_uring_enter", lambda: call(426, 0, 0, 0, 0, 0))
attempt("io_uring_register", lambda: call(427, 0, 0, 0, 0))
attempt("perf_event_open", lambda: call(298, struct.pack("<IIQ", 1, 128, 0) + bytes(112), 0, -1, -1, 0))
attempt("userfaultfd", lambda: call(323, 1))
attempt("vmsplice", lambda: call(278, 1, 0, 0, 0))
attempt("memfd_secret", lambda: call(447, 0))
attempt("fanotify", lambda: call(300, 0, 0))
`,
  },
  {
    name: "kernel: other processes' memory",
    program: String.raw`
room = ctypes.create_string_buffer(64)
piece = struct.pack("<QQ", ctypes.addressof(room), 64)
child = subprocess.Popen(["/usr/bin/sleep", "20"])
for name, number in {"the first process": 1, "a child of its own": child.pid}.items():
    attempt("attach to " + name, lambda: call(101, 16, number, 0, 0))
    attempt("seize " + name, lambda: call(101, 0x4206, number, 0, 0))
    attempt("read " + name, lambda: call(310, number, piece, 1, piece, 1, 0))
    attempt("write " + name, lambda: call(311, number, piece, 1, piece, 1, 0))
    attempt("compare " + name, lambda: call(312, number, os.getpid(), 1, 0, 0))
    attempt("a descriptor of " + name, lambda: call(438, os.pidfd_open(number), 0, 0))
attempt("be traced", lambda: call(101, 0, 0, 0, 0))
child.kill()
child.wait()
`,
  },
  {
    name: "kernel: handles that walk past paths",
    program: String.raw`
handle = struct.pack("<Ii", 8, 1) + struct.pack("<Q", 2)
attempt("open_by_handle_at", lambda: call(304, os.open("/usr", os.O_RDONLY), handle, 0))
attempt("name_to_handle_at", lambda: call(303, -100, b"/usr", ctypes.create_string_buffer(struct.pack("<Ii", 128, 0), 200), ctypes.byref(ctypes.c_int()), 0))
`,
  },
  {
    name: "kernel: the machine itself",
    program: String.raw`
for name, number, arguments in (("kexec_load", 246, (0, 0, 0, 0)), ("kexec_file_load", 320, (-1, -1, 0, b"", 0)), ("init_module", 175, (b"", 0, b"")), ("finit_module", 313, (0, b"", 0)), ("delete_module", 176, (b"ext4", 0)), ("reboot", 169, (0xfee1dead, 672274793, 0, 0)), ("swapon", 167, (b"/tmp/x", 0)), ("swapoff", 168, (b"/dev/sda",)), ("syslog", 103, (3, ctypes.create_string_buffer(256), 256)), ("acct", 163, (b"/tmp/x",)), ("quotactl", 179, (0x800001, 0, 0, 0)), ("vhangup", 153, ()), ("iopl", 172, (3,)), ("ioperm", 173, (0, 1, 1)), ("modify_ldt", 154, (1, bytes(16), 16)), ("lookup_dcookie", 212, (1, ctypes.create_string_buffer(64), 64))):
    attempt(name, lambda: apart(lambda: call(number, *arguments)))
`,
  },
  {
    name: "kernel: personality",
    program: String.raw`
attempt("ask", lambda: call(135, 0xffffffff))
attempt("no random addresses", lambda: call(135, 0x0040000))
attempt("readable means executable", lambda: call(135, 0x0400000))
`,
  },
  {
    name: "kernel: the conventions of other processors",
    program: String.raw`
import mmap
for name, number in {"getpid": 39, "ptrace": 101, "socket": 41}.items():
    attempt("x32 " + name, lambda: call(0x40000000 + number, 1, 1, 0, 0))
def enter():
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
attempt("int 0x80", lambda: apart(enter))
`,
    check: ({ report, tier }) => {
      expect(report.refused["x32 getpid"]).toBe("ENOSYS");
      // gVisor takes that call itself.
      if (tier !== "T2") expect(report.refused["int 0x80"]).toMatch(/SIGSYS|SIGSEGV/);
    },
  },
  {
    name: "time and names: change the host's",
    program: String.raw`
attempt("settimeofday", lambda: call(164, struct.pack("<QQ", 1, 0), 0))
attempt("clock_settime", lambda: time.clock_settime(time.CLOCK_REALTIME, 1))
attempt("adjtimex", lambda: call(159, struct.pack("<I", 1) + bytes(252)))
attempt("clock_adjtime", lambda: call(305, 0, struct.pack("<I", 1) + bytes(252)))
attempt("offsets of time", lambda: write("/proc/self/timens_offsets", "monotonic 100 0"))
attempt("sethostname", lambda: socket.sethostname("taken"))
attempt("setdomainname", lambda: call(171, b"taken", 5))
`,
  },
];

export const kernel: readonly Attempt[] = calls.map((attempt) => ({
  ...attempt,
  guards: "kernel",
  processor: "x64",
}));
