import { lstatSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import type { Attempt } from "./attempt.ts";

/** Files of the host, by every road that leads to one. */
export const hostFiles: readonly Attempt[] = [
  {
    name: "host files: by their paths",
    guards: "host",
    getsOutside: [
      "a file anyone may read",
      "a folder anyone may list",
      "the project",
      "its folder",
    ],
    program: String.raw`
attempt("a file anyone may read", lambda: read(place["hostFile"]))
attempt("a folder anyone may list", lambda: os.listdir(place["hostFolder"]))
attempt("the project", lambda: read(place["project"] + "/package.json"))
attempt("its folder", lambda: [os.listdir(place["project"])[0]])
`,
  },
  {
    name: "host files: of root and of the system",
    guards: "host",
    program: String.raw`
for path in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/root/.bashrc", "/root/.ssh/id_rsa", "/var/log/dpkg.log", "/boot/config", "/run/docker.sock", "/var/run/secrets/kubernetes.io/serviceaccount/token"):
    attempt(path, lambda: read(path))
for path in ("/root", "/home", "/var/lib", "/var/log"):
    attempt("entries of " + path, lambda: os.listdir(path)[0] if os.path.isdir(path) and os.listdir(path) else refuse(errno.ENOENT))
`,
  },
  {
    name: "host files: through /proc/*/root, cwd and fd",
    guards: "host",
    getsOutside: ["/proc/self/root", "of the bystander"],
    program: String.raw`
attempt("/proc/self/root", lambda: read("/proc/self/root" + place["hostFile"]))
attempt("of the bystander", lambda: read("/proc/%d/root" % place["bystander"] + place["hostFile"]))
attempt("/proc/1/root", lambda: read("/proc/1/root" + place["hostFile"]))
attempt("/proc/1/cwd", lambda: read("/proc/1/cwd/../../../../../.." + place["hostFile"]))
for root in (glob.glob("/proc/[0-9]*/root") + glob.glob("/proc/[0-9]*/task/*/root"))[:40]:
    if not root.startswith("/proc/1/"):
        attempt(root.replace(str(os.getpid()), "own"), lambda: read(root + place["hostFile"]))
for link in glob.glob("/proc/1/fd/*"):
    attempt("fd of the first process", lambda: read(link, 10) if os.path.isfile(link) else refuse(errno.ENOENT))
`,
  },
  {
    name: "host files: .. out of a mount",
    guards: "host",
    mounts: ({ readOnly, writable }) => [
      { path: readOnly, isWritable: false },
      { path: writable, isWritable: true },
    ],
    getsOutside: ["beside a mount", "by descriptor"],
    program: String.raw`
attempt("beside a mount", lambda: read(place["readOnly"] + "/../" + os.path.basename(place["hostFile"])))
folder = os.open(place["readOnly"], os.O_RDONLY)
attempt("by descriptor", lambda: os.open("../" + os.path.basename(place["hostFile"]), os.O_RDONLY, dir_fd=folder))
attempt("far up", lambda: read(place["writable"] + "/../../../../../../../etc/shadow"))
look("what was given is there", lambda: read(place["readOnly"] + "/given"))
`,
    check: ({ report }) => expect(report.seen["what was given is there"]).toBe("given\n"),
  },
  {
    name: "host files: what the server hides in a mount",
    guards: "host",
    mounts: ({ readOnly }) => [{ path: readOnly, isWritable: false }],
    getsOutside: ["by its path", "by the folder above", "its entries"],
    program: String.raw`
attempt("by its path", lambda: read(place["hidden"] + "/key"))
above = os.open(place["readOnly"], os.O_RDONLY)
attempt("by the folder above", lambda: os.open(os.path.basename(place["hidden"]) + "/key", os.O_RDONLY, dir_fd=above))
attempt("its entries", lambda: os.listdir(place["hidden"]) or refuse(errno.ENOENT))
attempt("by /proc", lambda: read("/proc/self/root" + place["hidden"] + "/key"))
attempt("take away what covers it", lambda: libc.umount2(place["hidden"].encode(), 2) == 0 or refuse(ctypes.get_errno()))
`,
  },
  {
    name: "host files: links in a mount that point out of it",
    guards: "host",
    mounts: ({ readOnly, writable }) => [
      { path: readOnly, isWritable: false },
      { path: writable, isWritable: true },
    ],
    getsOutside: ["a link of the host", "a link of its own"],
    program: String.raw`
own = place["writable"] + "/own-link-%d" % os.getpid()
os.symlink(place["hostFile"], own)
attempt("a link of the host", lambda: read(place["readOnly"] + "/points-out"))
attempt("a link of its own", lambda: read(own))
os.unlink(own)
`,
  },
  {
    name: "host files: hard links across mounts",
    guards: "host",
    mounts: ({ readOnly, writable }) => [
      { path: readOnly, isWritable: false },
      { path: writable, isWritable: true },
    ],
    program: String.raw`
attempt("from what may only be read", lambda: os.link(place["readOnly"] + "/given", place["writable"] + "/hard"))
attempt("from a program", lambda: os.link("/usr/bin/true", place["writable"] + "/true"))
attempt("from the scratch", lambda: (open("mine", "w").close(), os.link("mine", place["writable"] + "/mine")))
attempt("through a descriptor", lambda: os.link("/proc/self/exe", place["writable"] + "/exe", follow_symlinks=True))
`,
    check: ({ traps }) => {
      const left = readdirSync(traps.places.writable);
      expect(left.filter((name) => ["hard", "true", "mine", "exe"].includes(name))).toEqual([]);
    },
  },
  {
    name: "host files: writing where it may only read",
    guards: "host",
    mounts: ({ readOnly }) => [{ path: readOnly, isWritable: false }],
    program: String.raw`
given = place["readOnly"] + "/given"
attempt("overwrite", lambda: write(given, "spoiled"))
attempt("create", lambda: write(place["readOnly"] + "/new", "spoiled"))
attempt("unlink", lambda: os.unlink(given))
attempt("rename", lambda: os.rename(given, given + ".old"))
attempt("chmod", lambda: os.chmod(given, 0o777))
attempt("times", lambda: os.utime(given, (1, 1)))
attempt("truncate", lambda: os.truncate(given, 0))
attempt("attributes", lambda: os.setxattr(given, "user.spoiled", b"1"))
`,
  },
  {
    name: "host files: writing into the system's programs",
    guards: "host",
    program: String.raw`
for path in ("/usr/bin/true", "/usr/bin/new", "/usr/lib/new", "/bin/new", "/etc/passwd", "/etc/ld.so.preload", "/etc/cron.d/new", "/new", "/dev/new", "/proc/self/exe", "/proc/self/root/new"):
    attempt(path, lambda: open(path, "r+b" if os.path.exists(path) else "wb").close())
`,
  },
  {
    name: "host files: what it leaves in a writable mount gives nobody root",
    guards: "host",
    mounts: ({ writable }) => [{ path: writable, isWritable: true }],
    program: String.raw`
import shutil
shell = place["writable"] + "/left-shell"
shutil.copyfile("/usr/bin/env", shell)
os.chmod(shell, 0o755)
look("setuid bit", lambda: os.chmod(shell, 0o6755))
attempt("give it to another user", lambda: os.chown(shell, another, another))
attempt("a capability", lambda: os.setxattr(shell, "security.capability", struct.pack("<IIIII", 0x02000001, 0xffffffff, 0, 0, 0)))
attempt("a device", lambda: os.mknod(place["writable"] + "/left-device", 0o020666, os.makedev(1, 1)))
os.symlink("/etc/shadow", place["writable"] + "/left-link")
`,
    check: ({ traps }) => {
      const shell = lstatSync(path.join(traps.places.writable, "left-shell"));
      expect(shell.uid, "root owns a program that the sandbox wrote").not.toBe(0);
      expect(shell.gid).not.toBe(0);
      expect(readdirSync(traps.places.writable)).not.toContain("left-device");
      // The next driver's sandbox leaves the same.
      for (const left of ["left-shell", "left-link"])
        rmSync(path.join(traps.places.writable, left));
    },
  },
  {
    name: "host files: another sandbox's scratch and memory",
    guards: "host",
    program: String.raw`
IPC_CREAT = 0o1000
attempt("its shared segment", lambda: call(29, place["neighbour"]["segment"], 4096, 0o600))
def search():
    found = []
    for top in ("/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~"), here):
        for folder, folders, files in os.walk(top):
            found += [folder + "/" + file for file in files if file == "of-the-neighbour"]
    return found or refuse(errno.ENOENT)
attempt("its file", search)
attempt("its file, by its path", lambda: read(place["neighbour"]["file"]))
`,
    processor: "x64",
  },
];
