import { release, version } from "node:os";
import { expect, test } from "vitest";
import { judgeCanaries } from "./judge-canaries.ts";

const said = (random: string): string =>
  [
    "kernel 0.0.1-ours #1 of a machine",
    "user 65534",
    "interfaces lo ",
    ...["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(
      (set) => `status ${set} 0000000000000000`,
    ),
    "status NoNewPrivs 1",
    "status Seccomp 2",
    "processes 4",
    "descriptors 0 1 2 3 ",
    `random ${random}`,
    "end ended with 0",
  ].join("\n");
const one = said("0".repeat(32));
const other = said("1".repeat(32));

test("two canaries that were kept in are evidence", () => {
  const verdict = judgeCanaries([one, other]);
  expect(verdict).toMatchObject({ kind: "held" });
  expect(verdict.kind === "held" && verdict.evidence.length).toBeGreaterThan(7);
});

test.each([
  ["the same chance", one, "same by chance"],
  ["no chance at all", said(""), "chance"],
  ["an end of another kind", other.replace("ended with 0", "ended with 1"), "did not finish"],
  ["nothing", "end ended with 0", "did not finish"],
  ["a file of the host", `file /etc/shadow\n${other}`, "no file of the host"],
  ["a device", `device vda\n${other}`, "no device"],
  ["what it wrote", `wrote /usr\n${other}`, "write nothing"],
  ["another user", other.replace("65534", "0"), "user 65534"],
  ["another interface", other.replace("lo ", "lo eth0 "), "no network"],
  ["a capability", other.replace("CapEff 0000", "CapEff 0001"), "no capabilities"],
  ["no filter", other.replace("Seccomp 2", "Seccomp 0"), "filtered"],
  ["a descriptor", other.replace("0 1 2 3 ", "0 1 2 3 4 "), "no descriptors"],
  ["other processes", other.replace("processes 4", "processes 40"), "no process"],
  [
    "the host's kernel",
    other.replace(/kernel .*\n/, `kernel ${release()} ${version()}\n`),
    "kernel of its own",
  ],
  ["no kernel", other.replace(/kernel .*\n/, ""), "kernel of its own"],
])("I12: %s shows that it was not kept in", (_, text, reason) => {
  const verdict = judgeCanaries([one, text]);
  expect(verdict).toMatchObject({ kind: "failed" });
  expect(verdict.kind === "failed" && verdict.reason).toContain(reason);
});
