import { expect } from "vitest";
import type { Attempt } from "./attempt.ts";

const findDescriptors = String.raw`
for number in range(3, 1024):
    try:
        os.fstat(number)
    except OSError:
        continue
    attempt("descriptor %d" % number, lambda: os.readlink("/proc/self/fd/%d" % number))
attempt("a terminal", lambda: os.open("/dev/tty", os.O_RDWR))
look("streams", lambda: [os.readlink("/proc/self/fd/%d" % number).split(":")[0] for number in range(3)])
`;

/** What a program can learn or take over from whoever started it. */
export const surroundings: readonly Attempt[] = [
  {
    name: "environment: its own is what it was given",
    guards: "host",
    program: String.raw`
look("names", lambda: sorted(os.environ))
look("given", lambda: os.environ.get("GIVEN"))
`,
    check: ({ report }) => {
      expect(report.seen["given"]).toBe("to this one");
      const names = report.seen["names"] as string[];
      const known = ["GIVEN", "HOME", "LANG", "LC_CTYPE", "PATH", "PWD", "SHLVL", "TMPDIR", "_"];
      expect(names.filter((name) => !known.includes(name))).toEqual([]);
    },
  },
  {
    name: "environment: of every process that it sees",
    guards: "host",
    getsOutside: ["of the bystander"],
    program: String.raw`
attempt("of the bystander", lambda: read("/proc/%d/environ" % place["bystander"]))
look("all", lambda: {path: open(path, "rb").read(65536).decode("latin1") for path in glob.glob("/proc/[0-9]*/environ") if os.access(path, os.R_OK)})
`,
    // A canary in any of them fails the attempt, as in all it writes.
    check: ({ report }) => {
      expect(report.seen["all"]).toBeTypeOf("object");
    },
  },
  {
    name: "environment: command lines tell nothing of the host",
    guards: "host",
    program: String.raw`
look("lines", lambda: [open(path, "rb").read(65536).decode("latin1").replace("\0", " ").replace(sys.argv[1], "") for path in glob.glob("/proc/[0-9]*/cmdline")])
`,
    check: ({ report, traps }) => {
      const lines = report.seen["lines"] as string[];
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line).not.toContain("/sys/fs/cgroup");
        expect(line).not.toContain(traps.places.project);
      }
    },
  },
  {
    name: "descriptors: none but its three streams",
    guards: "host",
    program: findDescriptors,
    check: ({ report }) => expect(report.seen["streams"]).toHaveLength(3),
  },
  {
    name: "descriptors: none where something of the server's ran before it",
    guards: "host",
    hasProxy: true,
    program: String.raw`
${findDescriptors}
look("proxy", lambda: os.environ["HTTP_PROXY"])
look("names", lambda: [name for name in os.environ if "CHANNEL" in name])
`,
    check: ({ report }) => {
      expect(report.seen["streams"]).toHaveLength(3);
      expect(report.seen["proxy"]).toMatch(/^http:\/\/127\.0\.0\.1:/);
      expect(report.seen["names"]).toEqual([]);
    },
  },
  {
    name: "powers: no user, group or capability of the host",
    guards: "host",
    program: String.raw`
names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Uid")
def status(path):
    lines = dict(line.split(":", 1) for line in read(path).splitlines())
    return {name: lines[name].strip() for name in names if name in lines}
# The first process is one that it may write to: it must have no more than itself.
look("status", lambda: [status(path) for path in glob.glob("/proc/[0-9]*/status")])
attempt("setuid", lambda: os.setuid(another))
attempt("setgid", lambda: os.setgid(another))
attempt("setgroups", lambda: os.setgroups([another]))
def files_as_another():
    libc.setfsuid(another)
    return "done" if libc.setfsuid(-1) == another else refuse(errno.EPERM)
attempt("files as another", files_as_another)
attempt("take powers", lambda: call(126, struct.pack("<II", 0x20080522, 0), struct.pack("<IIIIII", *[0xffffffff] * 6)))
attempt("allow new powers again", lambda: call(157, 38, 0, 0, 0, 0))
attempt("real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
attempt("spared when memory is short", lambda: write("/proc/self/oom_score_adj", "-1000"))
`,
    processor: "x64",
    check: ({ report, tier }) => {
      const all = report.seen["status"] as Record<string, string>[];
      expect(all.length).toBeGreaterThan(0);
      for (const status of all) {
        for (const name of ["CapInh", "CapPrm", "CapEff", "CapBnd"])
          expect(status[name], name).toMatch(/^0+$/);
        // gVisor tells nothing of these, calls the only user that it knows 0, and is itself the filter.
        if (tier === "T2") continue;
        expect(status["CapAmb"]).toMatch(/^0+$/);
        expect(status["NoNewPrivs"]).toBe("1");
        expect(status["Seccomp"]).toBe("2");
        expect(status["Uid"]?.split("\t")).not.toContain("0");
      }
    },
  },
  {
    name: "powers: setuid programs give nothing",
    guards: "host",
    program: String.raw`
for program, arguments in {"su": ["-c", "id"], "sudo": ["-n", "id"], "pkexec": ["id"], "mount": ["-t", "tmpfs", "none", "/tmp"], "umount": ["/proc"], "passwd": ["-d", "root"], "chsh": ["-s", "/bin/sh", "root"], "newgrp": ["root"], "fusermount3": ["-u", "/tmp"]}.items():
    attempt(program, lambda: run("/usr/bin/" + program, *arguments))
attempt("ssh-keysign", lambda: run("/usr/lib/openssh/ssh-keysign"))
`,
  },
  {
    // In a kernel of its own this is a number, and the host gives it no more time.
    name: "powers: a higher priority",
    guards: "kernel",
    program: String.raw`
attempt("a higher priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20))
`,
  },
  {
    name: "powers: typing into a terminal",
    guards: "kernel",
    program: String.raw`
import fcntl, termios
attempt("TIOCSTI", lambda: fcntl.ioctl(0, termios.TIOCSTI, b"x"))
attempt("TIOCSTI with high bits", lambda: call(16, 0, 0x7fff00005412, b"x"))
attempt("TIOCLINUX", lambda: call(16, 0, 0x541c, b"\x03"))
def own():
    main, side = os.openpty()
    fcntl.ioctl(side, termios.TIOCSCTTY, 0)
    fcntl.ioctl(side, termios.TIOCSTI, b"x")
attempt("into a terminal of its own", own)
`,
    processor: "x64",
  },
];
