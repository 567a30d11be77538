import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../system/system-clock.ts";
import { toOwnGroups, type GroupPlaces } from "./group-places.ts";
import { createGroup, toEnforcement } from "./groups.ts";
import { isGone, parseGroupName, readOwner, toGroupName } from "./owner.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "groups-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const limits = {
  memoryBytes: 67_108_864,
  processes: 30,
  cpuMillis: 250,
  scratchBytes: 1,
  openFiles: 1,
};

/** Plain folders: what is written there is what the kernel would have been told. */
function makePlaces(version: "cgroup v1" | "cgroup v2"): GroupPlaces {
  const at = (name: string) => {
    const parent = path.join(folder, version === "cgroup v2" ? "unified" : name);
    mkdirSync(parent, { recursive: true });
    return { version, parent };
  };
  return { unified: at("unified").parent, memory: at("memory"), pids: at("pids"), cpu: at("cpu") };
}

test("a group of version 2 is told all limits in one place", () => {
  const places = makePlaces("cgroup v2");
  const group = createGroup(places, { name: "one", limits, clock: systemClock });
  const [directory = ""] = group.directories;
  expect(group.directories).toEqual([path.join(folder, "unified", "one")]);
  const written = ["memory.max", "pids.max", "cpu.max"].map((name) =>
    readFileSync(path.join(directory, name), "utf8"),
  );
  expect(written).toEqual(["67108864", "32", "25000 100000"]);
  expect(toEnforcement(places)).toMatchObject({ memoryBytes: "cgroup v2", cpuMillis: "cgroup v2" });
  writeFileSync(path.join(directory, "memory.peak"), "4096\n");
  writeFileSync(path.join(directory, "memory.events"), "low 0\noom 3\noom_kill 2\n");
  writeFileSync(path.join(directory, "pids.events"), "max 7\n");
  writeFileSync(path.join(directory, "cpu.stat"), "usage_usec 1234\nuser_usec 1000\n");
  expect(group.readUsage()).toEqual({
    memoryPeakBytes: 4_096,
    cpuUs: 1_234,
    refusedProcesses: 7,
    memoryKills: 2,
  });
});

test("a group of version 1 is told each limit in its own place", () => {
  const group = createGroup(makePlaces("cgroup v1"), { name: "one", limits, clock: systemClock });
  expect(group.directories).toHaveLength(4);
  const read = (file: string) => readFileSync(path.join(folder, file), "utf8");
  expect(read("memory/one/memory.limit_in_bytes")).toBe("67108864");
  expect(read("pids/one/pids.max")).toBe("32");
  expect(read("cpu/one/cpu.cfs_quota_us")).toBe("25000");
});

test("a group that cannot be limited is not made", () => {
  const places = makePlaces("cgroup v1");
  rmSync(path.join(folder, "cpu"), { recursive: true });
  expect(() => createGroup(places, { name: "one", limits, clock: systemClock })).toThrow("ENOENT");
  expect(existsSync(path.join(folder, "memory", "one"))).toBe(false);
});

test("own groups are found where each hierarchy is seen", () => {
  const mountinfo = [
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw",
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
    "35 31 0:32 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
    "41 31 0:38 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup2 rw",
    "",
  ].join("\n");
  const groups = "4:memory:/docker/ab/in\n3:cpu,cpuacct:/\n2:name=systemd:/x\n0::/user.slice\n";
  const { byController, unified } = toOwnGroups(groups, mountinfo);
  expect(unified).toEqual({
    directory: "/sys/fs/cgroup/unified/user.slice",
    top: "/sys/fs/cgroup/unified",
  });
  expect(toOwnGroups("0::/\n", mountinfo).unified?.directory).toBe("/sys/fs/cgroup/unified");
  expect(Object.fromEntries(byController)).toEqual({
    memory: "/sys/fs/cgroup/memory/in",
    cpu: "/sys/fs/cgroup/cpu,cpuacct",
    cpuacct: "/sys/fs/cgroup/cpu,cpuacct",
  });
  expect(toOwnGroups("", "")).toEqual({ byController: new Map(), unified: null });
});

test.runIf(process.platform === "linux")("a group's name tells whether its server is gone", () => {
  const own = readOwner();
  expect(parseGroupName(toGroupName(own, "0aff"))).toEqual(own);
  expect(isGone(own)).toBe(false);
  expect(isGone({ ...own, beganAt: "1" })).toBe(true);
  // In another namespace, the number may be anybody's.
  expect(isGone({ ...own, namespace: "1", beganAt: "1" })).toBe(false);
  for (const name of ["countersign", "countersign-trial-5", "user.slice", "countersign-1-2-3-x"])
    expect(parseGroupName(name)).toBe(null);
});
