import { expect, test } from "vitest";
import { toArgumentBytes, toArguments, type Box } from "./arguments.ts";

const box: Box = {
  placed: [
    { kind: "bind", source: "/usr", path: "/usr" },
    { kind: "link", target: "usr/bin", path: "/bin" },
  ],
  mounts: [
    { path: "/srv/project", isWritable: false },
    { path: "/srv/project/out", isWritable: true },
  ],
  pins: ["/srv/project/out/deep"],
  covers: [
    { kind: "directory", path: "/srv/project/.countersign" },
    { kind: "file", path: "/srv/project/key" },
  ],
  madeUp: [{ path: "/etc/passwd", descriptor: 6 }],
  environment: { PATH: "/usr/bin", EMPTY: "" },
  authorities: {},
  directory: "/srv/project",
  scratchBytes: 1_048_576,
  seccomp: 4,
  status: 5,
};

test("bwrap is told each part in the order in which one lies over the other", () => {
  expect(toArguments(box).join(" ").replaceAll(" --", "\n--").split("\n")).toEqual([
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--uid 65534",
    "--gid 65534",
    "--hostname sandbox",
    "--new-session",
    "--die-with-parent",
    "--cap-drop ALL",
    "--clearenv",
    "--setenv PATH /usr/bin",
    "--setenv EMPTY ",
    "--proc /proc",
    "--dev /dev",
    "--size 8388608",
    "--perms 1777",
    "--tmpfs /dev/shm",
    "--size 1048576",
    "--perms 1777",
    "--tmpfs /tmp",
    "--ro-bind /usr /usr",
    "--symlink usr/bin /bin",
    "--ro-bind /srv/project /srv/project",
    "--bind /srv/project/out /srv/project/out",
    "--bind /srv/project/out/deep /srv/project/out/deep",
    "--size 4096",
    "--perms 0555",
    "--tmpfs /srv/project/.countersign",
    "--remount-ro /srv/project/.countersign",
    "--ro-bind /dev/null /srv/project/key",
    "--ro-bind-data 6 /etc/passwd",
    "--remount-ro /dev",
    "--remount-ro /",
    "--chdir /srv/project",
    "--seccomp 4",
    "--json-status-fd 5",
  ]);
});

test("each argument ends with a zero byte, an empty one, too", () => {
  expect(Buffer.from(toArgumentBytes(["--setenv", "É", ""])).toString("utf8")).toBe(
    "--setenv\0É\0\0",
  );
});
