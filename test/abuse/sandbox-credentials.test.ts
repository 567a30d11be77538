import { existsSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEgressGate } from "../../src/adapters/egress/egress-gate.ts";
import { createInstanceAuthority } from "../../src/adapters/egress/instance-authority.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import { createSandboxes } from "../../src/sandbox/sandboxes.ts";
import { generousLimits } from "../conformance/sandbox-spec.ts";
import { collectSandbox } from "../conformance/sandbox.ts";
import { proving } from "../scale.ts";
import { createDrivers } from "./sandbox/drivers.ts";

/** Clients as they come, in real sandboxes: they use a secret that is nowhere in there. */
const host = "api.example.com";
const secret = "canary-of-a-credential-4711";
const authority = createInstanceAuthority({
  hosts: [host],
  clock: systemClock,
  random: systemRandom,
});
const { certificate: cert, key } = authority.identify(host);
const heard: string[] = [];
const api = createServer({ cert, key }, (request, response) => {
  const token = String(request.headers.authorization);
  heard.push(token);
  response.setHeader("x-echo", token);
  response.end(`heard ${token.slice(0, 6)}, and ${token}`);
});
let place = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  place = `${host}:${(api.address() as AddressInfo).port}`;
});
afterAll(() => void api.close());

const telemetry = createInMemoryTelemetry();
// A machine takes longer to start than all the others together.
const drivers = createDrivers([]).filter(({ tier }) => proving || tier !== "T3");
if (!proving) console.log("NOT RUN: credentials in machines (T3): only where all is proven");
const sandboxes = createSandboxes({
  drivers,
  egress: createEgressGate({
    clock: systemClock,
    random: systemRandom,
    resolve: async () => ["127.0.0.1"],
    trusted: [authority.certificate],
  }),
  random: systemRandom,
  telemetry,
});
const rows = await sandboxes.list();
const usable = rows.filter(({ probe }) => probe.kind === "usable");
for (const { driver, probe } of rows)
  if (probe.kind === "missing") console.log(`NOT RUN: credentials in ${driver}: ${probe.reason}`);

const node = `
  const answer = await fetch("https://PLACE/v1", { headers: { authorization: "Bearer " + process.env.API_TOKEN } });
  console.log(answer.status, answer.headers.get("x-echo"), await answer.text());`;
const python = `
import os, urllib.request
asked = urllib.request.Request("https://PLACE/v1", headers={"Authorization": "Bearer " + os.environ["API_TOKEN"]})
with urllib.request.urlopen(asked) as answer: print(answer.status, answer.headers["x-echo"], answer.read().decode())`;
const curl = `curl -sS -w ' %{http_code}' -H "Authorization: Bearer $API_TOKEN" https://PLACE/v1`;
/** All that a program sees of itself. */
const look = `env; cat /proc/self/environ /proc/1/environ /proc/*/cmdline /run/sandbox/*.pem /etc/hosts 2>&1;
  grep -rs canary-of /etc /tmp /run /dev/shm; cat /proc/1/mem 2>&1 | head -c 100`;

const clients: readonly (readonly [name: string, program: string, command: readonly string[]])[] = [
  ["node", process.execPath, [process.execPath, "--input-type=module", "-e", node]],
  ["python", "/usr/bin/python3", ["/usr/bin/python3", "-c", python]],
  ["curl", "/usr/bin/curl", ["sh", "-c", curl]],
];

describe.each(usable)("$driver ($tier)", ({ tier }) => {
  async function run(command: readonly string[]) {
    const { sandbox, stamp } = await sandboxes.start(tier, {
      server: "web",
      command: command.map((part) => part.replaceAll("PLACE", place)),
      environment: {},
      directory: null,
      mounts: [],
      limits: generousLimits,
      egress: [place],
      private: true,
      credentials: [{ variable: "API_TOKEN", place, secret: new SecretValue(secret) }],
    });
    return { ...(await collectSandbox(sandbox)), stamp: stamp() };
  }

  test.for(clients)(
    "I9: %s uses a secret that it does not have",
    async ([name, program, command], { skip }) => {
      if (!existsSync(program)) skip(`there is no ${program}`);
      if (tier === "T3" && name === "curl") skip("the machine's image has none");
      const before = heard.length;
      const { stdout, stderr, stamp } = await run(command);
      const stars = "*".repeat(secret.length);
      expect({ stdout, stderr }).toEqual({ stdout: expect.stringContaining("200"), stderr: "" });
      expect(stdout).toContain(`heard Bearer, and Bearer ${stars}`);
      expect(stdout).not.toContain(secret);
      expect(heard.slice(before)).toEqual([`Bearer ${secret}`]);
      expect(stamp.egress).toMatchObject({ attempts: 1, refused: 0 });
      expect(JSON.parse(telemetry.lines.at(-1)!)).toMatchObject({ host, credentials: "API_TOKEN" });
    },
  );

  test("I9: it is in nothing that the program sees", async () => {
    const { stdout, stderr } = await run(["sh", "-c", look]);
    expect(stdout).toMatch(/^API_TOKEN=countersign-placeholder-[0-9a-f]{32}$/m);
    expect(stdout).toContain("SSL_CERT_FILE=/run/sandbox/authorities.pem");
    expect(stdout).toContain("-----BEGIN CERTIFICATE-----");
    expect(stdout).not.toContain("PRIVATE KEY");
    expect(stdout + stderr).not.toContain(secret);
    expect(JSON.stringify(telemetry.lines)).not.toContain(secret);
  });
});
