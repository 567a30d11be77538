import { expect, test } from "vitest";
import { judgeCanary } from "../host/judge-canary.ts";
import { gvisorFindings } from "./findings.ts";

const kept = {
  kernel: "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016",
  uid: 0,
  capabilities: [...Array<string>(4).fill("0000000000000000"), null],
  seccomp: "0",
  noNewPrivileges: null,
  interfaces: ["lo"],
  firstEnvironment: "120 bytes",
  variables: ["PATH", "HOME", "PWD", "OLDPWD"],
  processes: ["1"],
  self: "1",
  root: "EROFS",
  writable: ["/tmp", "/dev/null", "/dev/shm"],
  descriptors: ["0", "1", "2", "3"],
  namespaces: "done",
  unixSocket: "ENOENT",
};
const judge = (change: object, hostUid = 59_501) =>
  judgeCanary(JSON.stringify({ ...kept, ...change }), hostUid, gvisorFindings).kind;

test("a canary that was kept in by gVisor is evidence", () => {
  expect(judge({})).toBe("held");
});

test.each<object>([
  { kernel: "Linux version 6.18.44" },
  { uid: 65_534 },
  { capabilities: ["0000000000000001", ...kept.capabilities.slice(1)] },
  { capabilities: [] },
  { interfaces: ["lo", "eth0"] },
  { variables: ["PATH", "DATABASE_URL"] },
  { processes: ["1", "2"] },
  { self: "2" },
  { root: "done" },
  { writable: ["/usr"] },
  { descriptors: ["0", "1", "2", "3", "9"] },
  { unixSocket: "done" },
])("a canary with %o was not", (change) => {
  expect(judge(change)).toBe("failed");
});

test("a canary that is root of the host was not", () => {
  expect(judge({}, 0)).toBe("failed");
});
