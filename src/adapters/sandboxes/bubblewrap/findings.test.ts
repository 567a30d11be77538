import { expect, test } from "vitest";
import { judgeCanary } from "../host/judge-canary.ts";
import { bubblewrapFindings } from "./findings.ts";

const kept = {
  kernel: "Linux version 6.1.0",
  uid: 65_534,
  capabilities: Array<string>(5).fill("0000000000000000"),
  seccomp: "2",
  noNewPrivileges: "1",
  interfaces: ["lo"],
  firstEnvironment: "done",
  variables: ["PATH", "HOME", "PWD"],
  processes: ["1", "2"],
  self: "2",
  root: "EROFS",
  writable: ["/proc", "/dev/null", "/dev/shm", "/tmp"],
  descriptors: ["0", "1", "2", "3"],
  namespaces: "refused",
  unixSocket: "EAFNOSUPPORT",
};

test("a canary that was kept in is evidence, a sentence for each finding", () => {
  const verdict = judgeCanary(JSON.stringify(kept), 61_001, bubblewrapFindings);
  expect(verdict.kind).toBe("held");
  expect(verdict).toMatchObject({
    evidence: expect.arrayContaining(["it runs as user 65534, and not as root of the host"]),
  });
});

test.each<Partial<typeof kept>>([
  { uid: 0 },
  { capabilities: ["0000000000000001", ...kept.capabilities.slice(1)] },
  { capabilities: [] },
  { noNewPrivileges: "0" },
  { seccomp: "0" },
  { unixSocket: "ENOENT" },
  { unixSocket: "done" },
  { namespaces: "done" },
  { namespaces: "ENOENT" },
  { interfaces: ["lo", "eth0"] },
  { interfaces: [] },
  { processes: ["1", "2", "3"] },
  { firstEnvironment: "120 bytes" },
  { descriptors: ["0", "1", "2", "3", "251"] },
  { descriptors: ["0", "1", "2", "7"] },
  { root: "done" },
  { root: "EACCES" },
  { writable: [...kept.writable, "/usr"] },
  { writable: [...kept.writable, "/"] },
])("a canary with %o was not kept in", (change) => {
  const verdict = judgeCanary(JSON.stringify({ ...kept, ...change }), 61_001, bubblewrapFindings);
  expect(verdict.kind).toBe("failed");
});

test("a canary that is root of the host was not kept in, and one that says nothing has shown nothing", () => {
  expect(judgeCanary(JSON.stringify(kept), 0, bubblewrapFindings).kind).toBe("failed");
  const { uid: _, ...silent } = kept;
  for (const said of ["", "kept", "{}", "[]", JSON.stringify(silent)])
    expect(judgeCanary(said, 61_001, bubblewrapFindings).kind).toBe("failed");
});
