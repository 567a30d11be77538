import { expect, test } from "vitest";
import { parseConfig } from "../adapters/yaml/parse-config.ts";
import { toSandboxLimits } from "./config-sandbox.ts";

const parse = (sandbox: string) =>
  parseConfig(`version: 1
servers:
  notes:
    transport: stdio
    command: [node, notes.js]
${sandbox}`);

function read(sandbox: string) {
  const parsed = parse(sandbox);
  if (parsed.kind !== "valid") throw new Error(JSON.stringify(parsed.problems));
  const { config, bytes } = parsed.revision;
  const { notes } = config.servers;
  if (notes?.transport !== "stdio") throw new Error("it is a program");
  return { notes, again: parseConfig(new TextDecoder().decode(bytes)), config };
}

test("a program of which nothing is said runs in T1, sees no files and reaches nobody", () => {
  const { notes } = read("");
  expect(notes).toMatchObject({ sandbox: "T1", files: [], egress: [], egressPrivate: false });
  expect(toSandboxLimits(notes)).toEqual({
    memoryBytes: 512 * 1024 * 1024,
    processes: 128,
    cpuMillis: 1_000,
    scratchBytes: 64 * 1024 * 1024,
    openFiles: 1_024,
  });
});

test.each([
  "    sandbox: none",
  "    sandbox: T2",
  "    files: [{ path: ., write: true }]\n    egress: ['api.example.com:443']\n    limits: { memory: 1GiB, cpus: 0.5 }",
])("what is said is kept in the revision: %s", (written) => {
  const { again, config } = read(written);
  expect(again.kind === "valid" && again.revision.config).toEqual(config);
});

const credential = (host: string, secret = "env://TOKEN") =>
  `{ host: '${host}', secret: '${secret}', variable: API_TOKEN }`;
const both = (host: string, secret?: string) =>
  `egress: ['${host}']\n    egressCredentials: [${credential(host, secret)}]`;

test("a secret can be used at one of the hosts", () => {
  const { notes, again, config } = read(`    ${both("api.example.com:8443")}`);
  expect(notes.egressCredentials).toEqual([
    { host: "api.example.com:8443", secret: "env://TOKEN", variable: "API_TOKEN" },
  ]);
  expect(again.kind === "valid" && again.revision.config).toEqual(config);
});

test.each([
  ["sandbox: T0", "servers.notes.sandbox"],
  ["egres: []", "egres"],
  ["egress: ['10.0.0.1:443']", "servers.notes.egress[0]"],
  ["egress: ['api.example.com']", "servers.notes.egress[0]"],
  ["files: [{ path: '' }]", "servers.notes.files[0].path"],
  ["limits: { memory: 1KiB }", "servers.notes.limits.memory"],
  ["limits: { cpus: 0 }", "servers.notes.limits.cpus"],
  ["sandbox: none\n    egress: ['api.example.com:443']", "servers.notes.egress"],
  [`egressCredentials: [${credential("api.example.com:443")}]`, "egressCredentials[0].host"],
  [`${both("*.example.com:443")}`, "egressCredentials[0].host"],
  [`${both("http://api.example.com:80")}`, "egressCredentials[0].host"],
  [`${both("api.example.com:443", "the-secret-itself")}`, "egressCredentials[0].secret"],
  [
    `${both("api.example.com:443")}\n    environment: { API_TOKEN: { value: x } }`,
    "egressCredentials[0].variable",
  ],
])("%s is refused, and its place is named", (written, place) => {
  const parsed = parse(`    ${written}`);
  expect(parsed.kind).toBe("invalid");
  expect(parsed.kind === "invalid" && parsed.problems.map(({ key }) => key)).toEqual([
    expect.stringContaining(place),
  ]);
});
