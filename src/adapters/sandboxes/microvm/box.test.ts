import { expect, test } from "vitest";
import type { SandboxSpec } from "../../../ports/sandbox.ts";
import { planStart } from "./box.ts";

const spec: SandboxSpec = {
  command: ["true"],
  environment: { WORD: "a b" },
  directory: null,
  mounts: [],
  limits: { memoryBytes: 1, processes: 2, cpuMillis: 3, scratchBytes: 4_096, openFiles: 5 },
  onConnection: null,
  authority: null,
};
const plan = (changes: Partial<SandboxSpec>) =>
  planStart({ ...spec, ...changes }, { nodePath: "/opt/ours/node" });

test("a program has what it was given, and what every sandbox has", async () => {
  const { box, path, directory, hasProxy } = await plan({});
  const variables = box.flatMap((word, at) =>
    word === "--setenv" ? [`${box[at + 1]}=${box[at + 2]}`] : [],
  );
  expect(variables).toEqual([`PATH=${path}`, "HOME=/tmp", "WORD=a b", "PWD=/tmp"]);
  expect([directory, hasProxy]).toEqual(["/tmp", false]);
  expect(box.join(" ")).toContain("--size 4096 --perms 1777 --tmpfs /tmp");
  for (const option of ["--unshare-all", "--disable-userns", "--clearenv", "--new-session"])
    expect(box).toContain(option);
});

test("the Node that runs us means the machine's own", async () => {
  expect((await plan({ command: ["/opt/ours/node", "a.js"] })).command).toEqual([
    "/usr/bin/node",
    "a.js",
  ]);
});

test("a proxy is named where there is one", async () => {
  const { box, hasProxy } = await plan({ onConnection: (socket) => socket.destroy() });
  expect(hasProxy).toBe(true);
  expect(box).toContain("http://127.0.0.1:3128");
});

test("authorities are files of no disk, which the variables name", async () => {
  const authority = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n";
  const { box, files } = await plan({ authority });
  expect(files["/run/files/run/sandbox/authority.pem"]).toBe(authority);
  const line = box.join(" ");
  for (const file of Object.keys(files))
    expect(line).toContain(`--ro-bind ${file} ${file.replace("/run/files", "")}`);
  expect(line).toContain("--setenv NODE_EXTRA_CA_CERTS /run/sandbox/authority.pem");
});

test.each([
  [
    "a mount that is to be written",
    { mounts: [{ path: "/srv", isWritable: true }] },
    "writes nothing",
  ],
  ["a mount that is the host's", { mounts: [{ path: "/etc", isWritable: false }] }, "/etc"],
  ["a place that is no mount", { directory: "/srv" }, "not among the mounts"],
  ["a zero byte", { command: ["true", "a\0--bind"] }, "zero byte"],
  ["a variable without a name", { environment: { "": "x" } }, "no name"],
])("%s is refused before anything is made", async (_, changes, reason) => {
  const refused = await plan(changes).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "sandbox_failed" });
  expect((refused as Error).message).toContain(reason);
});
